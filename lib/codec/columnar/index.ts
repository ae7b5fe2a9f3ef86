/** The columnar format of a job's data: its bytes are described in docs/format.md. */
export { columnarStatistics, decodeColumnar } from "./decode.js";
export { type EncodedPart, encodePart } from "./encode.js";
export { encodeTail } from "./index-table.js";
export { fileHeader } from "./layout.js";
export { DEFAULT_LIMITS, type Limits } from "./limits.js";
export { type ByteReader, type ColumnarFile, openColumnar } from "./open.js";
export type { PartSummary } from "./summary.js";
export { type Problem, verifyColumnar } from "./verify.js";
