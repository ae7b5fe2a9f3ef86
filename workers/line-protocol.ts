import {
	KeyTable,
	LineBatch,
	parseLines,
} from "../lib/codec/line-protocol/index.js";
import type {
	ParsedLines,
	ParseTask,
} from "../lib/source/memory-store/pool-tasks.js";
import type { Answer } from "./answer.js";

// Made once a thread: their pages are touched once.
const keys = new KeyTable();
let batch = new LineBatch(0);

/** Reads lines of line protocol into columns. */
export function parseTask({
	text,
	textBytes,
	precision,
}: ParseTask): Answer<ParsedLines> {
	keys.clear();
	if (textBytes > batch.textBytes) batch = new LineBatch(textBytes);
	parseLines(Buffer.from(text, 0, textBytes), keys, precision, batch);
	const { samples, lineCount, malformed, problems } = batch;
	const value: ParsedLines = {
		keys: keys.export(),
		keyNumbers: batch.keys.slice(0, samples),
		values: batch.values.slice(0, samples),
		seconds: batch.seconds.slice(0, samples),
		lines: batch.lines.slice(0, samples),
		lineCount,
		malformed,
		problems: [...problems],
		text,
	};
	return {
		value,
		transfer: [
			value.keys.bytes.buffer,
			value.keys.ends.buffer,
			value.keys.hashes.buffer,
			value.keyNumbers.buffer,
			value.values.buffer,
			value.seconds.buffer,
			value.lines.buffer,
			text,
		],
	};
}
