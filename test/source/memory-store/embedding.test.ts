import { expect } from "chai";
import type { Job, JobData, NewJob } from "../../../lib/index.js";
import { useHouse } from "../../support/house.js";
import { TEST_START_TIME, testJob } from "../../support/jobs.js";
import { testStore } from "../../support/memory-store.js";
import { seededRandom } from "../../support/random.js";

describe("an archiver with a memory store", () => {
	const openHouse = useHouse();

	for (const format of ["columnar", "json"] as const) {
		it(`archives as ${format} what was fed between start and stop, to the bit, and lets go of it`, async () => {
			const store = testStore({ retentionSeconds: 1200 });
			const { archiver, archive } = await openHouse({
				format,
				source: store,
				hooks: [store.hooks()],
			});
			const jobs = [1, 2, 3].map((n) =>
				testJob({ jobId: n, firstHost: n * 2, numNodes: 2, duration: 3600 }),
			);
			for (const job of jobs) await archiver.startJob(newJob(job));

			const fed = new Map<string, number[]>();
			// JSON keeps two decimals; columns keep any double there is.
			const random = seededRandom(17);
			const draw =
				format === "json"
					? () => Math.round(random() * 1e5) / 100
					: () => (random() - 0.5) * 10 ** (40 * random() - 20);
			for (let minute = 0; minute <= 60; minute++) {
				const lines = measureAll(jobs, minute, draw, fed);
				await store.ingestLineProtocol(lines.join("\n"));
			}

			for (const { duration, ...job } of jobs) {
				const stopTime = job.startTime + duration;
				await archiver.stopJob(job, { state: "completed", stopTime });
			}
			await archiver.waitForArchiving();
			expect(archiver.stats()).to.include({ archived: 3, failed: 0 });
			for (const job of jobs) {
				const data = await archive.loadJobData(job);
				expect(seriesOf(data)).to.deep.equal(
					[...fed].filter(([name]) =>
						job.resources.some(({ hostname }) => name.includes(hostname)),
					),
				);
			}
			await archiver.shutdown();
			expect(store.heldJobs()).to.deep.equal([]);
		});
	}

	it("keeps a job whose archiving failed, so that it can be tried again", async () => {
		const store = testStore({ retentionSeconds: 1200 });
		const house = await openHouse({ source: store, hooks: [store.hooks()] });
		const { archiver } = house;
		const job = testJob({ duration: 600 });
		await archiver.startJob(newJob(job));
		const stopTime = job.startTime + job.duration;
		await archiver.stopJob(job, { state: "completed", stopTime });
		await archiver.waitForArchiving();
		expect(archiver.stats().failed).to.equal(1);
		expect(store.heldJobs()).to.have.length(1);
		// The collector was late, and a day has passed since.
		const write = store.series("testcluster", "n001", "cpu_load");
		write.write(stopTime + 86_400, 1);
		for (let time = job.startTime; time <= stopTime; time += 60)
			expect(write.write(time, 16)).to.equal(true);
		expect(await archiver.retryFailed()).to.equal(1);
		await archiver.waitForArchiving();
		expect(archiver.stats().archived).to.equal(1);
		await archiver.shutdown();
		expect(store.heldJobs()).to.deep.equal([]);
	});

	it("archives no wrong number when collectors' clocks jump, there and back", async () => {
		let now = TEST_START_TIME;
		const store = testStore({ clock: () => now, maxAheadSeconds: 300 });
		const house = await openHouse({ source: store, hooks: [store.hooks()] });
		const { archiver, archive } = house;
		const job = testJob({ numNodes: 2, duration: 3600 });
		await archiver.startJob(newJob(job));
		// What the clock of a host shows beside the time, for five minutes from a minute on.
		const jumps: Record<string, [minute: number, seconds: number]> = {
			n001: [40, 3600],
			n002: [20, -600],
		};
		const expected: Record<string, number[]> = {
			n001: Array(61).fill(Number.NaN),
			n002: Array(61).fill(Number.NaN),
		};
		for (let minute = 0; minute <= 60; minute++) {
			now = TEST_START_TIME + minute * 60;
			for (const [hostname, [from, seconds]] of Object.entries(jumps)) {
				const jumped = minute >= from && minute < from + 5 ? seconds : 0;
				await store.ingestLineProtocol(
					`cpu_load,cluster=testcluster,hostname=${hostname},type=node value=${minute} ${now + jumped}`,
				);
				// What is an hour ahead is dropped; what is behind says that it belongs there.
				if (jumped <= 0) expected[hostname][minute + jumped / 60] = minute;
			}
		}
		const stopTime = job.startTime + job.duration;
		await archiver.stopJob(job, { state: "completed", stopTime });
		await archiver.waitForArchiving();
		const data = await archive.loadJobData(job);
		const series = data.cpu_load.node?.series ?? [];
		expect(
			Object.fromEntries(
				series.map(({ hostname, data }) => [hostname, [...data]]),
			),
		).to.deep.equal(expected);
		expect(store.stats()).to.include({ ahead: 5, duplicates: 5 });
		const { statistics } = await archive.loadJobMeta(job);
		const averages = Object.values(expected).map((samples) => {
			const present = samples.filter((value) => !Number.isNaN(value));
			return present.reduce((sum, value) => sum + value) / present.length;
		});
		const average = (averages[0] + averages[1]) / 2;
		expect(statistics?.cpu_load).to.include({
			avg: Math.round(average * 100) / 100,
			min: 0,
			max: 60,
		});
	});

	it("does not hold a job that is not to be archived", () => {
		const store = testStore();
		store.hooks().onJobStart(testJob({ monitoringStatus: 0 }));
		expect(store.heldJobs()).to.deep.equal([]);
	});
});

/** What all hosts measure in one minute, as line protocol; remembered as `metric/scope/host[/id]` -> samples. */
function measureAll(
	jobs: readonly Job[],
	minute: number,
	draw: () => number,
	fed: Map<string, number[]>,
): string[] {
	const timestamp = (TEST_START_TIME + minute * 60) * 1e9;
	return jobs
		.flatMap(({ resources }) => resources)
		.flatMap(({ hostname }) =>
			[
				["cpu_load", "node"],
				["mem_bw", "socket", "0"],
				["mem_bw", "socket", "1"],
			].map(([metric, scope, id]) => {
				const value = draw();
				const name = [metric, scope, hostname, id].filter(Boolean).join("/");
				fed.set(name, [...(fed.get(name) ?? []), value]);
				const device = id === undefined ? "" : `,type-id=${id}`;
				return `${metric},cluster=testcluster,hostname=${hostname},type=${scope}${device} value=${value} ${timestamp}`;
			}),
		);
}

function newJob({ duration: _, ...job }: Job): NewJob {
	return { ...job, jobState: "running" };
}

/** The series at the scopes they were measured at, sorted by host and name as they were fed. */
function seriesOf(data: JobData): [string, number[]][] {
	const series: [string, number[]][] = [];
	for (const [metric, scope] of [
		["cpu_load", "node"],
		["mem_bw", "socket"],
	] as const)
		for (const { hostname, id, data: samples } of data[metric][scope]?.series ??
			[])
			series.push([
				[metric, scope, hostname, id].filter(Boolean).join("/"),
				[...samples],
			]);
	const place = ([name]: [string, number[]]) => `${name.split("/")[2]}/${name}`;
	return series.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
