import { move, transferableSymbol, valueSymbol } from "piscina";
import type {
	PoolAnswer,
	PoolMessage,
	PoolTask,
	TaskOutcome,
	TaskResults,
} from "../lib/dispatch/messages.js";
import { failureOf } from "../lib/failure.js";
import type { Answer } from "./answer.js";
import { decodeTask } from "./decode.js";
import { encodeTask } from "./encode.js";
import { finishTask } from "./finish.js";
import { parseTask } from "./line-protocol.js";
import { packTask } from "./pack.js";
import { jobRowsTask, parquetFooterTask, seriesRowsTask } from "./parquet.js";
import { reportTask } from "./report.js";
import { verifyTask } from "./verify.js";

type AnyResult = TaskResults[PoolTask["kind"]];

/** Entry of every pool thread: runs the tasks it is sent one after the other; what one fails with is its own outcome. */
export default async function runMessage(tasks: PoolMessage): Promise<unknown> {
	const outcomes: TaskOutcome<unknown>[] = [];
	const transfer: ArrayBuffer[] = [];
	for (const task of tasks) {
		const answer = await runTask(task);
		outcomes.push(answer.value);
		transfer.push(...answer.transfer);
	}
	// One movable object at the top: Piscina silently loses those that are nested in a result.
	return move({
		[transferableSymbol]: transfer,
		[valueSymbol]: outcomes satisfies PoolAnswer,
	} as unknown as Parameters<typeof move>[0]);
}

/** Checks which task it is, and answers with its result or, as data, why there is none. */
async function runTask(task: PoolTask): Promise<Answer<TaskOutcome<unknown>>> {
	try {
		const { value, transfer } = await answerTo(task);
		return { value: { ok: true, value }, transfer };
	} catch (error) {
		return {
			value: { ok: false, failure: failureOf(error, "WORKER_FAILED") },
			transfer: [],
		};
	}
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
