/** InfluxDB's line protocol, as far as it carries samples: `name,tag=…,tag=… value=… timestamp`. */
export { type KeyList, KeyTable } from "./key-table.js";
export { LineBatch, type LineProblem } from "./line-batch.js";
export { parseLines, type TimestampPrecision } from "./parse-lines.js";
export { parseSeriesKey, type SeriesKey } from "./series-key.js";
