/** ClusterCockpit's `data.json`, version 3: metric -> scope -> unit, timestep and series. */
export { assembleJson, type JsonFragment } from "./assemble.js";
export { decodeJson, type JsonLimits } from "./decode.js";
export { type EncodedJson, encodeJson, encodeJsonColumn } from "./encode.js";
