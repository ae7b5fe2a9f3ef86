import { move, transferableSymbol, valueSymbol } from "piscina";
import type {
	PoolTask,
	TaskOutcome,
	TaskResults,
} from "../lib/dispatch/messages.js";
import type { Answer } from "./answer.js";
import { decodeTask } from "./decode.js";
import { encodeTask } from "./encode.js";
import { failureOf } from "./failure.js";
import { finishTask } from "./finish.js";
import { parseTask } from "./line-protocol.js";
import { packTask } from "./pack.js";
import { jobRowsTask, parquetFooterTask, seriesRowsTask } from "./parquet.js";
import { reportTask } from "./report.js";
import { verifyTask } from "./verify.js";

type AnyResult = TaskResults[PoolTask["kind"]];

/** Entry of every pool thread: checks which task it is, and answers with its result or, as data, why there is none. */
export default async function runTask(task: PoolTask): Promise<unknown> {
	let outcome: TaskOutcome<unknown>;
	let transfer: ArrayBuffer[] = [];
	try {
		const answer = await answerTo(task);
		transfer = answer.transfer;
		outcome = { ok: true, value: answer.value };
	} catch (error) {
		outcome = { ok: false, failure: failureOf(error) };
	}
	// One movable object at the top: Piscina silently loses those that are nested in a result.
	return move({
		[transferableSymbol]: transfer,
		[valueSymbol]: outcome,
	} as unknown as Parameters<typeof move>[0]);
}

function answerTo(
	task: PoolTask,
): Answer<AnyResult> | Promise<Answer<AnyResult>> {
	switch (task.kind) {
		case "encode":
			return encodeTask(task);
		case "finish":
			return finishTask(task);
		case "decode":
			return decodeTask(task);
		case "verify":
			return verifyTask(task);
		case "parse":
			return parseTask(task);
		case "pack":
			return packTask(task);
		case "series-rows":
			return seriesRowsTask(task);
		case "job-rows":
			return jobRowsTask(task);
		case "parquet-footer":
			return parquetFooterTask(task);
		case "report":
			return reportTask(task);
	}
}
