import { SingleBar } from "cli-progress";
import type { Archive } from "../archive/archive.js";
import { formatCount, formatDuration } from "./text.js";

const REDRAWS_PER_SECOND = 5;

export interface Progress {
	/** So many jobs are done, in all. */
	update(done: number): void;
	/** Wipes the bar, so that what follows starts on a clean line. */
	stop(): void;
}

/** As {@link startProgress}, for all jobs of an archive. They are only counted where there is a bar to show it. */
export async function startJobProgress(archive: Archive): Promise<Progress> {
	return startProgress(process.stderr.isTTY ? (await archive.info()).jobs : 0);
}

/**
 * A bar on standard error with rate and time left; nothing at all where that is no terminal.
 *
 * @param total - Jobs to come, as well as that is known: the bar grows when there are more.
 */
export function startProgress(total: number): Progress {
	if (!process.stderr.isTTY) return { update() {}, stop() {} };
	const startedMs = performance.now();
	const bar = new SingleBar({
		format: "{bar} {value}/{total} jobs  {rate}/s  {left} left",
		fps: REDRAWS_PER_SECOND,
		stream: process.stderr,
		clearOnComplete: true,
		hideCursor: true,
		// The command handles signals itself, and stops the bar then.
		gracefulExit: false,
	});
	let expected = total;
	bar.start(expected, 0, { rate: "-", left: "?" });
	return {
		update(done) {
			if (done > expected) {
				expected = done;
				bar.setTotal(expected);
			}
			const perSecond = (1000 * done) / (performance.now() - startedMs);
			bar.update(done, {
				rate: formatCount(perSecond),
				left: formatDuration((expected - done) / perSecond),
			});
		},
		stop: () => bar.stop(),
	};
}
