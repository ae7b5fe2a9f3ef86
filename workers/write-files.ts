import { parentPort, workerData } from "node:worker_threads";
import { blockingFileSystem } from "../lib/archive/file/blocking-file-system.js";
import { DirectChanges } from "../lib/archive/file/changes.js";
import { DurableFiles } from "../lib/archive/file/durable-files.js";
import type {
	ChangeAnswer,
	ChangeCall,
	WritingThreadData,
} from "../lib/archive/file/writing-thread.js";
import { failureOf } from "../lib/failure.js";
import { giveWay } from "./give-way.js";

// Entry of a file archive's writing thread: makes the changes that it is asked for. Its file calls block; the changes of one
// message take turns between them.

const port = parentPort as NonNullable<typeof parentPort>;
const { root, sync, nice } = workerData as WritingThreadData;
giveWay(nice);
const changes = new DirectChanges(
	new DurableFiles(blockingFileSystem, root, sync),
);
let outbox: ChangeAnswer[] = [];
let transfer: ArrayBuffer[] = [];

port.on("message", (calls: readonly ChangeCall[]) => {
	for (const call of calls) void answer(call);
});

async function answer(request: ChangeCall): Promise<void> {
	const { call } = request;
	try {
		send({ call, ok: true, value: await carryOut(request) });
	} catch (error) {
		const failure = failureOf(error, "ARCHIVE_WRITE_FAILED");
		send({ call, ok: false, failure });
	}
	if (request.method === "close") {
		post();
		port.close();
	}
}

async function carryOut(request: ChangeCall): Promise<unknown> {
	switch (request.method) {
		case "append": {
			const buffer = await changes.append(...request.args);
			transfer.push(buffer);
			return buffer;
		}
		case "seal":
			return changes.seal(...request.args);
		case "discard":
			return changes.discard(...request.args);
		case "commit": {
			const errors = await changes.commit(...request.args);
			return errors.map(
				(error) => error && failureOf(error, "ARCHIVE_WRITE_FAILED"),
			);
		}
		case "remove": {
			const error = await changes.remove(...request.args);
			return error && failureOf(error, "ARCHIVE_WRITE_FAILED");
		}
		case "writeFile":
			return changes.writeFile(...request.args);
		case "close":
			return changes.close();
	}
}

/** Answers of one turn of the event loop go in one message. */
function send(answer: ChangeAnswer): void {
	outbox.push(answer);
	if (outbox.length === 1) setImmediate(post);
}

function post(): void {
	if (outbox.length === 0) return;
	port.postMessage(outbox, transfer);
	outbox = [];
	transfer = [];
}
