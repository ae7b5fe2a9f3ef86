import { parentPort } from "node:worker_threads";
import type { ChangeCall } from "../../../lib/archive/file/writing-thread.js";
import "../../../workers/write-files.js";

// A file archive's writing thread that ends when it is asked to remove a job, before it answers.
parentPort?.on("message", (calls: readonly ChangeCall[]) => {
	if (calls.some(({ method }) => method === "remove")) process.exit(1);
});
