// The factors behind the derived numbers, with their sources, for every place that explains them.

/** Wh that one full phone charge takes. */
export const kPhoneWh = 12;
/** Minutes of phone use that one Wh gives, at 1 W. */
export const kPhoneMinutesPerWh = 60;
/** kg of CO₂ that a tree takes up in a year. */
export const kTreeKg = 21.77;
