import { encodeFile } from "../lib/codec/columnar/encode-file.js";
import type {
	PackedColumns,
	PackTask,
} from "../lib/source/memory-store/pool-tasks.js";
import type { Answer } from "./answer.js";

/** Encodes columns of the memory store for its snapshot. */
export function packTask({ columns, buffer }: PackTask): Answer<PackedColumns> {
	const bytes = encodeFile(columns, "fast");
	return { value: { bytes, buffer }, transfer: [bytes.buffer, buffer] };
}
