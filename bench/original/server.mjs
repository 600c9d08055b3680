// The original back end's design, to measure against: one subscriber, one INSERT a message into a
// table of 29 columns with the whole message beside them, a pool of ten connections, Express.
import express from "express";
import mqtt from "mqtt";
import mysql from "mysql2/promise";

const COLUMNS = [
  ["device_name", "deviceName", "VARCHAR(64)"],
  ["top", "top", "INT"],
  ["left", "left", "INT"],
  ["right", "right", "INT"],
  ["avg", "avg", "INT"],
  ["horizontal_error", "horizontalError", "INT"],
  ["vertical_error", "verticalError", "INT"],
  ["tilt_angle", "tiltAngle", "INT"],
  ["pan_angle", "panAngle", "INT"],
  ["pan_target", "panTarget", "INT"],
  ["manual", "manual", "TINYINT(1)"],
  ["steady", "steady", "TINYINT(1)"],
  ["power_w", "powerW", "DECIMAL(10,2)"],
  ["power_actual_w", "powerActualW", "DECIMAL(10,2)"],
  ["temp_c", "tempC", "DECIMAL(10,1)"],
  ["battery_pct", "batteryPct", "DECIMAL(5,1)"],
  ["battery_v", "batteryV", "DECIMAL(6,2)"],
  ["efficiency", "efficiency", "DECIMAL(6,1)"],
  ["energy_wh", "energyWh", "DECIMAL(12,3)"],
  ["energy_kwh", "energyKWh", "DECIMAL(12,6)"],
  ["co2_kg", "co2kg", "DECIMAL(12,4)"],
  ["trees", "trees", "DECIMAL(12,4)"],
  ["phones", "phones", "DECIMAL(12,3)"],
  ["phone_minutes", "phoneMinutes", "DECIMAL(12,0)"],
  ["pesos", "pesos", "DECIMAL(12,2)"],
  ["grid_price", "gridPrice", "DECIMAL(12,2)"],
];

const SCHEMA = `CREATE TABLE IF NOT EXISTS telemetry (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  ts TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3),
  ${COLUMNS.map(([column, , type]) => `\`${column}\` ${type}`).join(",\n  ")},
  raw_json JSON,
  INDEX idx_ts (ts)
)`;

const INSERT = `INSERT INTO telemetry (${COLUMNS.map(([column]) => `\`${column}\``).join(", ")}, raw_json)
  VALUES (${COLUMNS.map(() => "?").join(", ")}, ?)`;

const pool = mysql.createPool({
  host: process.env.MYSQL_HOST ?? "127.0.0.1",
  port: Number(process.env.MYSQL_PORT ?? 3306),
  user: process.env.MYSQL_USER ?? "root",
  database: process.env.MYSQL_DATABASE ?? "idast",
  connectionLimit: 10,
});
await pool.query(SCHEMA);

const client = mqtt.connect(process.env.MQTT_BROKER_URL ?? "mqtt://127.0.0.1:1883");
client.on("connect", () => client.subscribe("solar-tracker/+/telemetry", { qos: 1 }, () => console.log("subscribed")));
client.on("message", async (_topic, payload) => {
  try {
    const sample = JSON.parse(payload.toString());
    const values = COLUMNS.map(([, key]) => sample[key] ?? null);
    await pool.execute(INSERT, [...values, JSON.stringify(sample)]);
  } catch (error) {
    console.error("insert failed:", error.message);
  }
});

const app = express();
app.get("/health", async (_request, response) => {
  try {
    await pool.query("SELECT 1");
    response.json({ ok: true });
  } catch (error) {
    response.status(503).json({ ok: false, error: error.message });
  }
});
app.get("/api/latest", async (_request, response) => {
  try {
    const [rows] = await pool.query("SELECT * FROM telemetry ORDER BY ts DESC LIMIT 1");
    response.json({ ok: true, data: rows[0] ?? null });
  } catch (error) {
    response.status(500).json({ ok: false, error: error.message });
  }
});
app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log("listening"));
