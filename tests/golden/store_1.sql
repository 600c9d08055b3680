-- A database of the first tables, as the program that had them wrote it: fielded trackers, whole ones,
-- refused and unknown values, wrong guesses.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE migration(number INTEGER PRIMARY KEY) STRICT;
INSERT INTO migration VALUES(1);
CREATE TABLE field(
  position INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- How its values are to be read; see definition_of().
  definition TEXT NOT NULL
) STRICT;
INSERT INTO field VALUES(0,'ts','0 0 0');
INSERT INTO field VALUES(1,'device_name','3 0 3');
INSERT INTO field VALUES(2,'top','1 0 4');
INSERT INTO field VALUES(3,'left','1 0 4');
INSERT INTO field VALUES(4,'right','1 0 4');
INSERT INTO field VALUES(5,'avg','1 0 4 left*1 right*1/2');
INSERT INTO field VALUES(6,'horizontal_error','1 0 4 left*1 right*-1/1');
INSERT INTO field VALUES(7,'vertical_error','1 0 4 top*1 avg*-1/1');
INSERT INTO field VALUES(8,'tilt_angle','1 0 4');
INSERT INTO field VALUES(9,'pan_angle','1 0 4');
INSERT INTO field VALUES(10,'pan_target','1 0 4 pan_angle*1 pan_angle*0/1');
INSERT INTO field VALUES(11,'manual','2 0 3');
INSERT INTO field VALUES(12,'steady','2 0 3');
INSERT INTO field VALUES(13,'power_w','1 2 4');
INSERT INTO field VALUES(14,'power_actual_w','1 2 4 power_w*1 power_w*0/1');
INSERT INTO field VALUES(15,'temp_c','1 1 4');
INSERT INTO field VALUES(16,'battery_pct','1 1 4');
INSERT INTO field VALUES(17,'battery_v','1 2 4');
INSERT INTO field VALUES(18,'efficiency','1 1 4');
INSERT INTO field VALUES(19,'energy_wh','1 3 4');
INSERT INTO field VALUES(20,'energy_kwh','1 6 4 energy_wh*1 energy_wh*0/1');
INSERT INTO field VALUES(21,'co2_kg','1 4 4 energy_kwh*6836 energy_kwh*0/1000000');
INSERT INTO field VALUES(22,'trees','1 4 4 co2_kg*100 co2_kg*0/2177');
INSERT INTO field VALUES(23,'phones','1 3 4 energy_wh*1 energy_wh*0/12');
INSERT INTO field VALUES(24,'phone_minutes','1 0 4 energy_wh*60 energy_wh*0/1000');
INSERT INTO field VALUES(25,'pesos','1 2 4 energy_wh*12 energy_wh*0/10000');
INSERT INTO field VALUES(26,'grid_price','1 2 3');
INSERT INTO field VALUES(27,'device_id','3 0 1');
INSERT INTO field VALUES(28,'mode','3 0 3');
INSERT INTO field VALUES(29,'boot_id','3 0 2');
INSERT INTO field VALUES(30,'seq','1 0 4');
INSERT INTO field VALUES(31,'seq_from','1 0 4 seq*1 seq*0/1');
INSERT INTO field VALUES(32,'uptime_ms','1 0 4 seq*350 seq*0/1');
INSERT INTO field VALUES(33,'state','3 0 3');
INSERT INTO field VALUES(34,'state_reason','3 0 3');
INSERT INTO field VALUES(35,'trim_azimuth_deg','1 2 4');
INSERT INTO field VALUES(36,'trim_elevation_deg','1 2 4');
INSERT INTO field VALUES(37,'azimuth_deg','1 2 4');
INSERT INTO field VALUES(38,'elevation_deg','1 2 4');
INSERT INTO field VALUES(39,'sun_azimuth_deg','1 2 4 azimuth_deg*1 azimuth_deg*0/1');
INSERT INTO field VALUES(40,'sun_elevation_deg','1 2 4 elevation_deg*1 elevation_deg*0/1');
INSERT INTO field VALUES(41,'bottom','1 0 4');
INSERT INTO field VALUES(42,'panel_v','1 3 4');
INSERT INTO field VALUES(43,'panel_a','1 3 4');
INSERT INTO field VALUES(44,'battery_a','1 3 4');
INSERT INTO field VALUES(45,'servo_wh','1 4 4');
INSERT INTO field VALUES(46,'device_wh','1 4 4');
INSERT INTO field VALUES(47,'wind_ms','1 2 4');
INSERT INTO field VALUES(48,'estimated','4 0 3');
CREATE TABLE device(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- The sample without identity that was received last.
  plain_sample INTEGER
) STRICT;
INSERT INTO device VALUES(1,'esp32-receiver-A1B2C3',7);
INSERT INTO device VALUES(2,'roof.2',NULL);
INSERT INTO device VALUES(3,'bare',28);
CREATE TABLE boot(
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device,
  boot_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  upto INTEGER NOT NULL,
  UNIQUE(device, boot_id)
) STRICT;
INSERT INTO boot VALUES(1,2,'00112233445566ff',1795370345436,7);
CREATE TABLE island(
  boot INTEGER NOT NULL REFERENCES boot,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(boot, first)
) STRICT, WITHOUT ROWID;
INSERT INTO island VALUES(1,20,30);
CREATE TABLE loss(
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reason TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE(boot, first, last, reason)
) STRICT;
INSERT INTO loss VALUES(1,1,20,30,'ring_full',1795370350061);
CREATE TABLE context(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  -- Fields, by position, that the message did not have or that stand in sample.extra.
  removed INTEGER NOT NULL,
  -- RFC 7396: makes an object of all columns the original message.
  patch TEXT NOT NULL
, "device_name" TEXT, "manual" INTEGER, "steady" INTEGER, "grid_price" INTEGER, "mode" TEXT, "state" TEXT, "state_reason" TEXT, "estimated_bits" INTEGER, "estimated_text" TEXT) STRICT;
INSERT INTO context VALUES(1,'49:562949416550400|"iPhone_15"|0|1|1200|"live"|||',562949416550400,'{"deviceName":"iPhone_15","manual":false,"steady":true,"gridPrice":12,"mode":"live","boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}','iPhone_15',0,1,1200,'live',NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(2,'49:2147483648|"iPhone_15"|0|1|1200|"live"|"track"|"sun"|532480',2147483648,'{"deviceName":"iPhone_15","manual":false,"steady":true,"gridPrice":12,"mode":"live","state":"track","stateReason":"sun","estimated":["powerW","energyWh"],"seqFrom":null}','iPhone_15',0,1,1200,'live','track','sun',532480,'["powerW","energyWh"]');
INSERT INTO context VALUES(3,'49:0|"iPhone_15"|0|1|1200|"live"|"track"|"sun"|532480',0,'{"deviceName":"iPhone_15","manual":false,"steady":true,"gridPrice":12,"mode":"live","state":"track","stateReason":"sun","estimated":["powerW","energyWh"]}','iPhone_15',0,1,1200,'live','track','sun',532480,'["powerW","energyWh"]');
INSERT INTO context VALUES(4,'49:562948342808543||||||||',562948342808543,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(5,'49:562949953421311||||||||',562949953421311,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(6,'49:562949953421275||||||||',562949953421275,'{"timestamp":null,"deviceName":null,"left":null,"right":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(7,'49:562949953421279||||||||',562949953421279,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(8,'49:562949953421255||||||||',562949953421255,'{"timestamp":null,"deviceName":null,"top":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(9,'49:562949951840255||||||||',562949951840255,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(10,'49:562945390018556|"ünï \"q\" 🌞"||||"strange"|||',562945390018556,'{"deviceName":"ünï \"q\" 🌞","mode":"strange","top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"boot":null,"seq":null,"seqFrom":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}','ünï "q" 🌞',NULL,NULL,NULL,'strange',NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(11,'49:562949888409599||||||||',562949888409599,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(12,'49:562949952372735||||||||',562949952372735,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(13,'49:562947804889087||||||||',562947804889087,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"panAngle":null,"panTarget":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO context VALUES(14,'49:562949953419775||||||||',562949953419775,'{"timestamp":null,"deviceName":null,"top":null,"left":null,"right":null,"avg":null,"horizontalError":null,"verticalError":null,"tiltAngle":null,"manual":null,"steady":null,"powerW":null,"powerActualW":null,"tempC":null,"batteryPct":null,"batteryV":null,"efficiency":null,"energyWh":null,"energyKWh":null,"co2kg":null,"trees":null,"phones":null,"phoneMinutes":null,"pesos":null,"gridPrice":null,"device_id":null,"mode":null,"boot":null,"seq":null,"seqFrom":null,"uptimeMs":null,"state":null,"stateReason":null,"trimAzimuthDeg":null,"trimElevationDeg":null,"azimuthDeg":null,"elevationDeg":null,"sunAzimuthDeg":null,"sunElevationDeg":null,"bottom":null,"panelV":null,"panelA":null,"batteryA":null,"servoWh":null,"deviceWh":null,"windMs":null,"estimated":null}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sample(
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device,
  boot INTEGER REFERENCES boot,
  context INTEGER NOT NULL REFERENCES context,
  ts_ms INTEGER NOT NULL,
  received_rest INTEGER NOT NULL,   -- after ts_ms
  timestamp_rest INTEGER,           -- what the device said, after ts_ms
  extra TEXT,
  ts TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%S', ts_ms / 1000, 'unixepoch') || printf('.%03d', ts_ms % 1000))
    VIRTUAL,
  seq INTEGER
, "top" INTEGER, "left" INTEGER, "right" INTEGER, "avg_rest" INTEGER, "horizontal_error_rest" INTEGER, "vertical_error_rest" INTEGER, "tilt_angle" INTEGER, "pan_angle" INTEGER, "pan_target_rest" INTEGER, "power_w" INTEGER, "power_actual_w_rest" INTEGER, "temp_c" INTEGER, "battery_pct" INTEGER, "battery_v" INTEGER, "efficiency" INTEGER, "energy_wh" INTEGER, "energy_kwh_rest" INTEGER, "co2_kg_rest" INTEGER, "trees_rest" INTEGER, "phones_rest" INTEGER, "phone_minutes_rest" INTEGER, "pesos_rest" INTEGER, "seq_from_rest" INTEGER, "uptime_ms_rest" INTEGER, "trim_azimuth_deg" INTEGER, "trim_elevation_deg" INTEGER, "azimuth_deg" INTEGER, "elevation_deg" INTEGER, "sun_azimuth_deg_rest" INTEGER, "sun_elevation_deg_rest" INTEGER, "bottom" INTEGER, "panel_v" INTEGER, "panel_a" INTEGER, "battery_a" INTEGER, "servo_wh" INTEGER, "device_wh" INTEGER, "wind_ms" INTEGER) STRICT;
INSERT INTO sample VALUES(1,1,NULL,1,1703123456789,92246892472,0,NULL,NULL,2500,2300,2400,0,0,0,90,85,5,850,-30,345,875,620,880,1250500,0,-3546,1,-8,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(2,1,NULL,1,1703123457139,92246892154,0,NULL,NULL,2500,2300,2400,0,0,0,90,85,0,850,-30,345,875,620,880,1250500,0,-3546,1,0,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(3,1,NULL,1,1703123457489,92246891816,0,NULL,NULL,2500,2300,2400,0,0,0,90,85,1,850,-30,345,875,620,880,1250503,0,-3546,1,1,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(4,1,NULL,1,1703123457839,92246891487,0,NULL,NULL,2500,2300,2400,0,0,0,90,85,2,850,-30,345,875,620,880,1250506,0,-3546,1,1,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(5,1,NULL,1,1703123458189,92246891172,0,NULL,NULL,2500,2300,2400,0,0,0,90,85,3,850,-30,345,875,620,880,1250509,0,-3546,1,0,1,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(6,1,NULL,1,1703123458539,92246890850,0,NULL,NULL,2500,2300,2400,0,0,NULL,90,85,4,850,-30,345,875,620,880,1250512,0,-3546,1,0,1,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(7,1,NULL,1,1703123458889,92246890516,0,NULL,NULL,2500,2300,2400,0,0,NULL,90,85,5,850,-30,345,875,620,880,1250515,0,-3546,1,1,1,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(8,2,1,2,1703123460000,92246889436,0,NULL,0,2500,2300,2400,0,0,0,90,85,5,850,-30,345,875,620,880,12345,0,0,1,1,1,1,NULL,4000,31,-18,18125,4550,25,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(9,2,1,2,1703123460350,92246889127,0,NULL,1,2500,2301,2398,0,0,0,90,85,5,850,-30,345,875,620,880,12352,0,0,1,0,0,1,NULL,4000,31,-18,18126,4550,24,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(10,2,1,2,1703123460700,92246888817,0,NULL,2,2500,2302,2396,0,0,0,90,85,5,850,-30,345,875,620,880,12359,0,0,1,1,1,1,NULL,4000,31,-18,18127,4550,23,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(11,2,1,2,1703123461050,92246888511,0,NULL,3,2500,2303,2394,1,0,1,90,85,5,850,-30,345,875,620,880,12366,0,1,1,1,1,1,NULL,4000,31,-18,18128,4550,22,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(12,2,1,2,1703123461400,92246888169,0,NULL,4,2500,2304,2392,0,-1,0,90,85,5,850,-30,345,875,620,880,12373,0,1,1,0,0,1,NULL,4000,31,-18,18129,4550,21,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(13,2,1,3,1703123461750,92246887843,0,NULL,5,2500,2305,2390,0,0,0,90,85,5,850,-30,345,875,620,880,NULL,12380,1,1,1032,743,15,0,4000,31,-18,18130,4550,20,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(14,2,1,3,1703123462100,92246887541,0,NULL,6,2500,NULL,2388,NULL,2306,-2347,90,85,5,850,-30,345,875,620,880,12387,0,1,1,0,0,1,-4,4000,31,-18,18131,4550,19,5,2222,6100,1200,900,121000,34000,310);
INSERT INTO sample VALUES(15,2,1,4,1795370349657,0,NULL,'{"device_id":null,"unknown":{"a":[1,{"b":null}]},"powerW":8.512345}',7,NULL,NULL,NULL,5,NULL,NULL,NULL,NULL,NULL,851,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(16,3,NULL,5,1795370349671,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(17,3,NULL,6,1795370349717,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(18,3,NULL,7,1795370349745,0,NULL,NULL,NULL,NULL,NULL,NULL,7,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(19,3,NULL,8,1795370349755,0,NULL,NULL,NULL,NULL,2147483647,2147483647,-4294967295,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(20,3,NULL,9,1795370349805,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,123456654321,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(21,3,NULL,10,1795370349815,0,-1795370345104,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(22,3,NULL,11,1795370349857,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,999999999999,-1045934772621,1000,999999999999,-1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(23,3,NULL,12,1795370349873,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(24,3,NULL,13,1795370349905,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,-1,NULL,NULL,NULL,NULL,NULL,3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(25,3,NULL,14,1795370349941,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,90,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(26,3,NULL,14,1795370349961,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,90,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(27,3,NULL,14,1795370349985,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,90,-1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO sample VALUES(28,3,NULL,14,1795370350021,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,90,-2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX sample_ts ON sample(ts);
CREATE INDEX sample_device_ts ON sample(device, ts_ms);
CREATE UNIQUE INDEX sample_identity ON sample(boot, seq)
  WHERE boot IS NOT NULL AND seq IS NOT NULL;
CREATE VIEW telemetry AS SELECT
  sample.id AS id,
  sample.ts AS "ts",
  context."device_name" AS "device_name",
  sample."top" AS "top",
  sample."left" AS "left",
  sample."right" AS "right",
  (sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2) AS "avg",
  (sample."horizontal_error_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * -1) / 1) AS "horizontal_error",
  (sample."vertical_error_rest" + (coalesce(sample."top", 0) * 1 + coalesce((sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 0) * -1) / 1) AS "vertical_error",
  sample."tilt_angle" AS "tilt_angle",
  sample."pan_angle" AS "pan_angle",
  (sample."pan_target_rest" + (coalesce(sample."pan_angle", 0) * 1) / 1) AS "pan_target",
  context."manual" AS "manual",
  context."steady" AS "steady",
  sample."power_w" / 100.0 AS "power_w",
  (sample."power_actual_w_rest" + (coalesce(sample."power_w", 0) * 1) / 1) / 100.0 AS "power_actual_w",
  sample."temp_c" / 10.0 AS "temp_c",
  sample."battery_pct" / 10.0 AS "battery_pct",
  sample."battery_v" / 100.0 AS "battery_v",
  sample."efficiency" / 10.0 AS "efficiency",
  sample."energy_wh" / 1000.0 AS "energy_wh",
  (sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1) / 1000000.0 AS "energy_kwh",
  (sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000) / 10000.0 AS "co2_kg",
  (sample."trees_rest" + (coalesce((sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000), 0) * 100) / 2177) / 10000.0 AS "trees",
  (sample."phones_rest" + (coalesce(sample."energy_wh", 0) * 1) / 12) / 1000.0 AS "phones",
  (sample."phone_minutes_rest" + (coalesce(sample."energy_wh", 0) * 60) / 1000) AS "phone_minutes",
  (sample."pesos_rest" + (coalesce(sample."energy_wh", 0) * 12) / 10000) / 100.0 AS "pesos",
  context."grid_price" / 100.0 AS "grid_price",
  CASE WHEN sample.extra IS NULL THEN json_patch(json_object('timestamp', sample.ts_ms + sample.timestamp_rest, 'deviceName', NULL, 'top', sample."top", 'left', sample."left", 'right', sample."right", 'avg', (sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 'horizontalError', (sample."horizontal_error_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * -1) / 1), 'verticalError', (sample."vertical_error_rest" + (coalesce(sample."top", 0) * 1 + coalesce((sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 0) * -1) / 1), 'tiltAngle', sample."tilt_angle", 'panAngle', sample."pan_angle", 'panTarget', (sample."pan_target_rest" + (coalesce(sample."pan_angle", 0) * 1) / 1), 'manual', NULL, 'steady', NULL, 'powerW', sample."power_w" / 100.0, 'powerActualW', (sample."power_actual_w_rest" + (coalesce(sample."power_w", 0) * 1) / 1) / 100.0, 'tempC', sample."temp_c" / 10.0, 'batteryPct', sample."battery_pct" / 10.0, 'batteryV', sample."battery_v" / 100.0, 'efficiency', sample."efficiency" / 10.0, 'energyWh', sample."energy_wh" / 1000.0, 'energyKWh', (sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1) / 1000000.0, 'co2kg', (sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000) / 10000.0, 'trees', (sample."trees_rest" + (coalesce((sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000), 0) * 100) / 2177) / 10000.0, 'phones', (sample."phones_rest" + (coalesce(sample."energy_wh", 0) * 1) / 12) / 1000.0, 'phoneMinutes', (sample."phone_minutes_rest" + (coalesce(sample."energy_wh", 0) * 60) / 1000), 'pesos', (sample."pesos_rest" + (coalesce(sample."energy_wh", 0) * 12) / 10000) / 100.0, 'gridPrice', NULL, 'device_id', device.name, 'mode', NULL, 'boot', boot.boot_id, 'seq', sample."seq", 'seqFrom', (sample."seq_from_rest" + (coalesce(sample."seq", 0) * 1) / 1), 'uptimeMs', (sample."uptime_ms_rest" + (coalesce(sample."seq", 0) * 350) / 1), 'state', NULL, 'stateReason', NULL, 'trimAzimuthDeg', sample."trim_azimuth_deg" / 100.0, 'trimElevationDeg', sample."trim_elevation_deg" / 100.0, 'azimuthDeg', sample."azimuth_deg" / 100.0, 'elevationDeg', sample."elevation_deg" / 100.0, 'sunAzimuthDeg', (sample."sun_azimuth_deg_rest" + (coalesce(sample."azimuth_deg", 0) * 1) / 1) / 100.0, 'sunElevationDeg', (sample."sun_elevation_deg_rest" + (coalesce(sample."elevation_deg", 0) * 1) / 1) / 100.0, 'bottom', sample."bottom", 'panelV', sample."panel_v" / 1000.0, 'panelA', sample."panel_a" / 1000.0, 'batteryA', sample."battery_a" / 1000.0, 'servoWh', sample."servo_wh" / 10000.0, 'deviceWh', sample."device_wh" / 10000.0, 'windMs', sample."wind_ms" / 100.0, 'estimated', NULL), context.patch) WHEN json_patch(json_object('timestamp', sample.ts_ms + sample.timestamp_rest, 'deviceName', NULL, 'top', sample."top", 'left', sample."left", 'right', sample."right", 'avg', (sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 'horizontalError', (sample."horizontal_error_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * -1) / 1), 'verticalError', (sample."vertical_error_rest" + (coalesce(sample."top", 0) * 1 + coalesce((sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 0) * -1) / 1), 'tiltAngle', sample."tilt_angle", 'panAngle', sample."pan_angle", 'panTarget', (sample."pan_target_rest" + (coalesce(sample."pan_angle", 0) * 1) / 1), 'manual', NULL, 'steady', NULL, 'powerW', sample."power_w" / 100.0, 'powerActualW', (sample."power_actual_w_rest" + (coalesce(sample."power_w", 0) * 1) / 1) / 100.0, 'tempC', sample."temp_c" / 10.0, 'batteryPct', sample."battery_pct" / 10.0, 'batteryV', sample."battery_v" / 100.0, 'efficiency', sample."efficiency" / 10.0, 'energyWh', sample."energy_wh" / 1000.0, 'energyKWh', (sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1) / 1000000.0, 'co2kg', (sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000) / 10000.0, 'trees', (sample."trees_rest" + (coalesce((sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000), 0) * 100) / 2177) / 10000.0, 'phones', (sample."phones_rest" + (coalesce(sample."energy_wh", 0) * 1) / 12) / 1000.0, 'phoneMinutes', (sample."phone_minutes_rest" + (coalesce(sample."energy_wh", 0) * 60) / 1000), 'pesos', (sample."pesos_rest" + (coalesce(sample."energy_wh", 0) * 12) / 10000) / 100.0, 'gridPrice', NULL, 'device_id', device.name, 'mode', NULL, 'boot', boot.boot_id, 'seq', sample."seq", 'seqFrom', (sample."seq_from_rest" + (coalesce(sample."seq", 0) * 1) / 1), 'uptimeMs', (sample."uptime_ms_rest" + (coalesce(sample."seq", 0) * 350) / 1), 'state', NULL, 'stateReason', NULL, 'trimAzimuthDeg', sample."trim_azimuth_deg" / 100.0, 'trimElevationDeg', sample."trim_elevation_deg" / 100.0, 'azimuthDeg', sample."azimuth_deg" / 100.0, 'elevationDeg', sample."elevation_deg" / 100.0, 'sunAzimuthDeg', (sample."sun_azimuth_deg_rest" + (coalesce(sample."azimuth_deg", 0) * 1) / 1) / 100.0, 'sunElevationDeg', (sample."sun_elevation_deg_rest" + (coalesce(sample."elevation_deg", 0) * 1) / 1) / 100.0, 'bottom', sample."bottom", 'panelV', sample."panel_v" / 1000.0, 'panelA', sample."panel_a" / 1000.0, 'batteryA', sample."battery_a" / 1000.0, 'servoWh', sample."servo_wh" / 10000.0, 'deviceWh', sample."device_wh" / 10000.0, 'windMs', sample."wind_ms" / 100.0, 'estimated', NULL), context.patch) = '{}' THEN sample.extra ELSE substr(json_patch(json_object('timestamp', sample.ts_ms + sample.timestamp_rest, 'deviceName', NULL, 'top', sample."top", 'left', sample."left", 'right', sample."right", 'avg', (sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 'horizontalError', (sample."horizontal_error_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * -1) / 1), 'verticalError', (sample."vertical_error_rest" + (coalesce(sample."top", 0) * 1 + coalesce((sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 0) * -1) / 1), 'tiltAngle', sample."tilt_angle", 'panAngle', sample."pan_angle", 'panTarget', (sample."pan_target_rest" + (coalesce(sample."pan_angle", 0) * 1) / 1), 'manual', NULL, 'steady', NULL, 'powerW', sample."power_w" / 100.0, 'powerActualW', (sample."power_actual_w_rest" + (coalesce(sample."power_w", 0) * 1) / 1) / 100.0, 'tempC', sample."temp_c" / 10.0, 'batteryPct', sample."battery_pct" / 10.0, 'batteryV', sample."battery_v" / 100.0, 'efficiency', sample."efficiency" / 10.0, 'energyWh', sample."energy_wh" / 1000.0, 'energyKWh', (sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1) / 1000000.0, 'co2kg', (sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000) / 10000.0, 'trees', (sample."trees_rest" + (coalesce((sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000), 0) * 100) / 2177) / 10000.0, 'phones', (sample."phones_rest" + (coalesce(sample."energy_wh", 0) * 1) / 12) / 1000.0, 'phoneMinutes', (sample."phone_minutes_rest" + (coalesce(sample."energy_wh", 0) * 60) / 1000), 'pesos', (sample."pesos_rest" + (coalesce(sample."energy_wh", 0) * 12) / 10000) / 100.0, 'gridPrice', NULL, 'device_id', device.name, 'mode', NULL, 'boot', boot.boot_id, 'seq', sample."seq", 'seqFrom', (sample."seq_from_rest" + (coalesce(sample."seq", 0) * 1) / 1), 'uptimeMs', (sample."uptime_ms_rest" + (coalesce(sample."seq", 0) * 350) / 1), 'state', NULL, 'stateReason', NULL, 'trimAzimuthDeg', sample."trim_azimuth_deg" / 100.0, 'trimElevationDeg', sample."trim_elevation_deg" / 100.0, 'azimuthDeg', sample."azimuth_deg" / 100.0, 'elevationDeg', sample."elevation_deg" / 100.0, 'sunAzimuthDeg', (sample."sun_azimuth_deg_rest" + (coalesce(sample."azimuth_deg", 0) * 1) / 1) / 100.0, 'sunElevationDeg', (sample."sun_elevation_deg_rest" + (coalesce(sample."elevation_deg", 0) * 1) / 1) / 100.0, 'bottom', sample."bottom", 'panelV', sample."panel_v" / 1000.0, 'panelA', sample."panel_a" / 1000.0, 'batteryA', sample."battery_a" / 1000.0, 'servoWh', sample."servo_wh" / 10000.0, 'deviceWh', sample."device_wh" / 10000.0, 'windMs', sample."wind_ms" / 100.0, 'estimated', NULL), context.patch), 1, length(json_patch(json_object('timestamp', sample.ts_ms + sample.timestamp_rest, 'deviceName', NULL, 'top', sample."top", 'left', sample."left", 'right', sample."right", 'avg', (sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 'horizontalError', (sample."horizontal_error_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * -1) / 1), 'verticalError', (sample."vertical_error_rest" + (coalesce(sample."top", 0) * 1 + coalesce((sample."avg_rest" + (coalesce(sample."left", 0) * 1 + coalesce(sample."right", 0) * 1) / 2), 0) * -1) / 1), 'tiltAngle', sample."tilt_angle", 'panAngle', sample."pan_angle", 'panTarget', (sample."pan_target_rest" + (coalesce(sample."pan_angle", 0) * 1) / 1), 'manual', NULL, 'steady', NULL, 'powerW', sample."power_w" / 100.0, 'powerActualW', (sample."power_actual_w_rest" + (coalesce(sample."power_w", 0) * 1) / 1) / 100.0, 'tempC', sample."temp_c" / 10.0, 'batteryPct', sample."battery_pct" / 10.0, 'batteryV', sample."battery_v" / 100.0, 'efficiency', sample."efficiency" / 10.0, 'energyWh', sample."energy_wh" / 1000.0, 'energyKWh', (sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1) / 1000000.0, 'co2kg', (sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000) / 10000.0, 'trees', (sample."trees_rest" + (coalesce((sample."co2_kg_rest" + (coalesce((sample."energy_kwh_rest" + (coalesce(sample."energy_wh", 0) * 1) / 1), 0) * 6836) / 1000000), 0) * 100) / 2177) / 10000.0, 'phones', (sample."phones_rest" + (coalesce(sample."energy_wh", 0) * 1) / 12) / 1000.0, 'phoneMinutes', (sample."phone_minutes_rest" + (coalesce(sample."energy_wh", 0) * 60) / 1000), 'pesos', (sample."pesos_rest" + (coalesce(sample."energy_wh", 0) * 12) / 10000) / 100.0, 'gridPrice', NULL, 'device_id', device.name, 'mode', NULL, 'boot', boot.boot_id, 'seq', sample."seq", 'seqFrom', (sample."seq_from_rest" + (coalesce(sample."seq", 0) * 1) / 1), 'uptimeMs', (sample."uptime_ms_rest" + (coalesce(sample."seq", 0) * 350) / 1), 'state', NULL, 'stateReason', NULL, 'trimAzimuthDeg', sample."trim_azimuth_deg" / 100.0, 'trimElevationDeg', sample."trim_elevation_deg" / 100.0, 'azimuthDeg', sample."azimuth_deg" / 100.0, 'elevationDeg', sample."elevation_deg" / 100.0, 'sunAzimuthDeg', (sample."sun_azimuth_deg_rest" + (coalesce(sample."azimuth_deg", 0) * 1) / 1) / 100.0, 'sunElevationDeg', (sample."sun_elevation_deg_rest" + (coalesce(sample."elevation_deg", 0) * 1) / 1) / 100.0, 'bottom', sample."bottom", 'panelV', sample."panel_v" / 1000.0, 'panelA', sample."panel_a" / 1000.0, 'batteryA', sample."battery_a" / 1000.0, 'servoWh', sample."servo_wh" / 10000.0, 'deviceWh', sample."device_wh" / 10000.0, 'windMs', sample."wind_ms" / 100.0, 'estimated', NULL), context.patch)) - 1) || ',' || substr(sample.extra, 2) END AS raw_json,
  device.name AS "device_id",
  context."mode" AS "mode",
  boot.boot_id AS "boot_id",
  sample."seq" AS "seq",
  (sample."seq_from_rest" + (coalesce(sample."seq", 0) * 1) / 1) AS "seq_from",
  (sample."uptime_ms_rest" + (coalesce(sample."seq", 0) * 350) / 1) AS "uptime_ms",
  context."state" AS "state",
  context."state_reason" AS "state_reason",
  sample."trim_azimuth_deg" / 100.0 AS "trim_azimuth_deg",
  sample."trim_elevation_deg" / 100.0 AS "trim_elevation_deg",
  sample."azimuth_deg" / 100.0 AS "azimuth_deg",
  sample."elevation_deg" / 100.0 AS "elevation_deg",
  (sample."sun_azimuth_deg_rest" + (coalesce(sample."azimuth_deg", 0) * 1) / 1) / 100.0 AS "sun_azimuth_deg",
  (sample."sun_elevation_deg_rest" + (coalesce(sample."elevation_deg", 0) * 1) / 1) / 100.0 AS "sun_elevation_deg",
  sample."bottom" AS "bottom",
  sample."panel_v" / 1000.0 AS "panel_v",
  sample."panel_a" / 1000.0 AS "panel_a",
  sample."battery_a" / 1000.0 AS "battery_a",
  sample."servo_wh" / 10000.0 AS "servo_wh",
  sample."device_wh" / 10000.0 AS "device_wh",
  sample."wind_ms" / 100.0 AS "wind_ms",
  context."estimated_text" AS "estimated"
FROM sample JOIN device ON device.id = sample.device JOIN context ON context.id = sample.context LEFT JOIN boot ON boot.id = sample.boot;
COMMIT;
