import type { JobQuery } from "../repository/repository.js";
import type { Job } from "../schema/job.js";

/** Small enough that turning a page of rows into jobs does not hold up the thread. */
const PAGE_JOBS = 200;

/**
 * Every job of a set, page by page. Each page continues behind the last job of the one before: so jobs that leave the set
 * meanwhile shift nothing, and one that stays in it does not come again.
 */
export async function* jobPages(
	find: (query: JobQuery) => Promise<Job[]>,
): AsyncGenerator<Job> {
	let after: Job | undefined;
	for (;;) {
		const page = await find({ limit: PAGE_JOBS, after });
		yield* page;
		if (page.length < PAGE_JOBS) return;
		after = page.at(-1);
	}
}
