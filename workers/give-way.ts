import { getPriority, setPriority } from "node:os";
import { isMainThread } from "node:worker_threads";

/**
 * Lets the host's other threads run before this one where there are fewer cores than work. On Linux a thread has a nice
 * value of its own (setpriority(2), "C library/kernel differences"), and the call that names no process is about the
 * calling thread; elsewhere it would be about the whole process, so nothing is done there.
 *
 * @param nice - From 0, as the host, to 19. A thread that is nicer already stays so.
 */
export function giveWay(nice: number): void {
	if (process.platform !== "linux" || isMainThread) return;
	if (nice > getPriority()) setPriority(nice);
}
