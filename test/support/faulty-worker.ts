import type { PoolMessage } from "../../lib/dispatch/messages.js";
import type { SamplesChunk } from "../../lib/source/source.js";
import runMessage from "../../workers/main.js";

/** What a chunk's first metric is called when its worker is to misbehave. */
export const FAULTS = {
	throw: "fault:throw",
	exit: "fault:exit",
	outOfMemory: "fault:out-of-memory",
	hang: "fault:hang",
} as const;

/** The pool's own entry, except that chunks with certain metrics break the thread. */
export default function runFaultyMessage(tasks: PoolMessage): unknown {
	for (const task of tasks) {
		if (task.kind === "encode" && task.chunk.kind === "samples")
			misbehave(task.chunk);
	}
	return runMessage(tasks);
}

function misbehave(chunk: SamplesChunk): void {
	switch (chunk.columns[0].metric) {
		case FAULTS.throw:
			Object.defineProperty(chunk, "columns", {
				get() {
					throw new Error("thrown in a worker");
				},
			});
			break;
		case FAULTS.exit:
			process.exit(1);
			break;
		case FAULTS.outOfMemory:
			exhaustHeap();
			break;
		case FAULTS.hang:
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
	}
}

/** Fills the thread's heap until V8 ends the thread; its limit is set by the test's pool. */
function exhaustHeap(): void {
	const hoard: number[][] = [];
	for (;;) hoard.push(new Array(1e5).fill(Math.random()));
}
