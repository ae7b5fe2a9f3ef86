/** ClusterCockpit's `data.json`, version 3: metric -> scope -> unit, timestep and series. */
export { assembleJson, type JsonFragment } from "./assemble.js";
export {
	checkJsonStatistics,
	type StatisticsOddity,
} from "./check-statistics.js";
export {
	columnsOfJson,
	decodeJson,
	type JsonLimits,
	parseJobData,
} from "./decode.js";
export { type EncodedJson, encodeJson, encodeJsonColumn } from "./encode.js";
