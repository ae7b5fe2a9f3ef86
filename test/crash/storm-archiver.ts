import { peakRssBytes } from "../../bench/support/threads.js";
import { openHouse } from "../support/house.js";
import { testJob } from "../support/jobs.js";

/** What the archiver of a storm says at its end, as JSON. */
export interface StormReport {
	archived: number;
	/** Jobs that the database has as archived. */
	recorded: number;
	/** Ids of jobs, as hooks were told of them. */
	told: number[];
	/** Most triggers that waited for a slot at once. */
	waiting: number;
	peakRssBytes: number;
}

/** Triggers as many jobs as it is told to, one after the other and without waiting for any. */
const jobs = Number(process.argv[2]);
const told: number[] = [];
const house = await openHouse({
	pending: Array.from({ length: jobs }, (_, jobId) =>
		testJob({ jobId, duration: 600 }),
	),
	hooks: [{ onJobStop: ({ jobId }) => void told.push(jobId) }],
});
const { archiver, repository } = house;
for (const job of await repository.findByTime({ limit: jobs }))
	void archiver.triggerArchiving(job);
const { waiting, queued } = archiver.stats();
for (let ended = 0; ended < jobs; ) {
	await archiver.waitForArchiving();
	const { archived, failed } = archiver.stats();
	ended = archived + failed;
}
await archiver.shutdown(60_000);
const report: StormReport = {
	archived: archiver.stats().archived,
	recorded: (await repository.countByStatus())[3],
	told,
	waiting: waiting + queued,
	peakRssBytes: await peakRssBytes(),
};
console.log(JSON.stringify(report));
await house.close();
