import { verifyColumnar } from "../lib/codec/columnar/index.js";
import { dataIdOf } from "../lib/codec/data-id.js";
import { decodeJson } from "../lib/codec/json/index.js";
import type {
	DataProblem,
	VerifiedJob,
	VerifyTask,
} from "../lib/dispatch/messages.js";
import { isArchiverError } from "../lib/errors.js";
import type { Answer } from "./answer.js";

/** Checks every byte of a stored job. */
export function verifyTask({
	bytes,
	encoding,
}: VerifyTask): Answer<VerifiedJob> {
	const faults =
		encoding === "columnar"
			? verifyColumnar(bytes)
			: verifyJson(bytes, encoding);
	const dataId = faults.length === 0 ? dataIdOf(bytes, encoding) : undefined;
	return { value: { dataId, faults, notes: [] }, transfer: [] };
}

/** gzip and JSON well-formed, and of the shape that a job's data has. */
function verifyJson(
	bytes: Uint8Array,
	encoding: "json" | "json.gz",
): DataProblem[] {
	try {
		decodeJson(bytes, encoding);
		return [];
	} catch (error) {
		if (!isArchiverError(error)) throw error;
		return [
			{
				reason: error.message,
				column: error.details.column,
				offset: error.details.offset,
			},
		];
	}
}
