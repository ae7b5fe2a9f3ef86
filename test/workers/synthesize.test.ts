import { expect } from "chai";
import type { Column } from "../../lib/codec/column.js";
import type { Job } from "../../lib/schema/job.js";
import type { LoadRequest } from "../../lib/source/source.js";
import { SyntheticSource } from "../../lib/source/synthetic.js";
import { synthesize } from "../../workers/synthesize.js";
import { bitsOf, seededJobs, testCluster, testJob } from "../support/jobs.js";
import { loadRequest } from "../support/load-request.js";

describe("synthesize", () => {
	const day = 24 * 3600;

	it("makes the same samples, bit for bit, however a job is cut and in whatever order", async () => {
		for (const job of seededJobs(7, 12)) {
			const whole = seriesByName(await columnsOf(job));
			for (const options of [
				{ maxChunkBytes: 1 },
				{ maxChunkBytes: 200_000 },
				{ maxChunkBytes: 1, splitColumns: false },
				{ maxChunkBytes: 200_000, splitColumns: false },
			]) {
				const cut = seriesByName((await columnsOf(job, options)).reverse());
				expect([...cut.keys()]).to.have.members([...whole.keys()]);
				for (const [name, samples] of cut)
					expect(bitsOf(samples), name).to.equal(
						bitsOf(whole.get(name) as Float64Array),
					);
			}
		}
	});

	it("makes the same node series whether or not finer scopes are asked", async () => {
		for (const job of seededJobs(8, 8)) {
			const all = seriesByName(await columnsOf(job));
			const nodeOnly = seriesByName(
				await columnsOf(job, { coreScopeMaxNodes: 0 }),
			);
			expect(nodeOnly.size).to.be.greaterThan(0);
			for (const [name, samples] of nodeOnly)
				expect(bitsOf(samples), name).to.equal(
					bitsOf(all.get(name) as Float64Array),
				);
		}
	});

	it("makes a node the sum or mean of its devices, by the metric's aggregation", async () => {
		const { metricConfig } = testCluster();
		const compared = new Set<string>();
		for (const job of [...seededJobs(9, 8), testJob({ duration: day })]) {
			const columns = await columnsOf(job);
			for (const fine of columns.filter(({ scope }) => scope !== "node")) {
				const node = columns.find(
					({ metric, scope }) => metric === fine.metric && scope === "node",
				) as Column;
				const config = metricConfig.find(({ name }) => name === fine.metric);
				for (const [host, samples] of samplesByHost(node)) {
					const parts = samplesByHost(fine).get(host) as Float64Array[];
					const divisor = config?.aggregation === "avg" ? parts.length : 1;
					expectAggregate(samples[0], parts, divisor);
				}
				compared.add(`${fine.metric}/${fine.scope}`);
			}
		}
		expect([...compared]).to.include.members([
			"cpu_user/core",
			"flops_any/core",
			"mem_bw/socket",
			"numa_bw/memoryDomain",
			"acc_utilization/accelerator",
			"acc_power/accelerator",
		]);
	});

	it("gives a core with one of its two hwthreads half the flops of a core with both", async () => {
		// Core 0 with hwthreads 0 and 16, core 1 with hwthread 1 alone.
		const resources = [{ hostname: "n001", hwthreads: [0, 16, 1] }];
		const columns = await columnsOf(testJob({ resources, duration: day }));
		const [first, second] = columns
			.filter(({ metric, scope }) => metric === "flops_any" && scope === "core")
			.flatMap((column) => samplesByHost(column).get("n001") ?? []);
		expect(mean(second) / mean(first)).to.be.within(0.3, 0.75);
	});

	it("makes floor(duration / timestep) + 1 samples a series", async () => {
		for (const [duration, everyMinute, everyHalfMinute] of [
			[0, 1, 1],
			[7, 1, 1],
			[59, 1, 2],
			[60, 2, 3],
			[3601, 61, 121],
		]) {
			for (const column of await columnsOf(testJob({ duration }))) {
				const expected =
					column.metric === "ib_recv" ? everyHalfMinute : everyMinute;
				expect(new Set(column.lengths)).to.deep.equal(new Set([expected]));
				expect(column.samples).to.have.length(
					expected * column.hostnames.length,
				);
			}
		}
	});

	it("thins out the samples when a coarser resolution is asked", async () => {
		const columns = await columnsOf(testJob({ duration: 3600 }), {
			resolution: 300,
		});
		for (const { timestep, lengths } of columns) {
			expect(timestep).to.equal(300);
			expect(lengths[0]).to.equal(13);
		}
	});

	it("stays between zero and the metric's peak, on cores too", async () => {
		const { metricConfig } = testCluster();
		for (const job of seededJobs(10, 20)) {
			for (const { metric, scope, samples } of await columnsOf(job)) {
				const config = metricConfig.find(({ name }) => name === metric);
				const devices =
					config?.scope === "accelerator" &&
					config.aggregation === "sum" &&
					scope === "node"
						? 4
						: 1;
				const limit = devices * (config?.peak ?? 0) + 0.01;
				const outside = samples.find((value) => value < 0 || value > limit);
				expect(outside, `${metric}/${scope}`).to.equal(undefined);
			}
		}
	});

	it("has values of the decimals that real ones have", async () => {
		const columns = await columnsOf(
			testJob({ subCluster: "gpu", duration: day }),
		);
		const decimals = new Map(
			columns
				.filter(({ scope }) => scope !== "node")
				.map(({ metric, samples }) => [metric, decimalsOf(samples)]),
		);
		expect(decimals.get("acc_utilization")).to.equal(0);
		for (const metric of ["cpu_user", "flops_any", "mem_bw", "acc_power"])
			expect(decimals.get(metric), metric).to.be.within(2, 3);
		expect(decimals.get("ipc")).to.be.greaterThan(10);
	});

	it("settles after a start-up", async () => {
		const [load] = await columnsOf(testJob({ duration: day }));
		const samples = present(load.samples);
		expect(load.metric).to.equal("cpu_load");
		expect(samples[0]).to.be.lessThan(0.3 * mean(samples.slice(60)));
	});

	it("leaves gaps at the same times in all of a host's metrics", async () => {
		const columns = await columnsOf(testJob({ duration: 3 * day }));
		const missing = columns
			.filter(({ timestep, scope }) => timestep === 60 && scope === "node")
			.map(({ samples }) => [...samples].map(Number.isNaN));
		const [first, ...others] = missing;
		expect(first).to.include(true);
		expect(first.filter(Boolean).length).to.be.lessThan(0.2 * first.length);
		for (const other of others) expect(other).to.deep.equal(first);
	});

	it("has hosts that report nothing in some jobs of several nodes, never all hosts, and none in jobs of one", async () => {
		let jobsWithSilentHosts = 0;
		for (let jobId = 1; jobId <= 60; jobId++) {
			const several = await columnsOf(testJob({ jobId, numNodes: 12 }));
			const silent = silentHosts(several);
			if (silent.size > 0) jobsWithSilentHosts++;
			expect(silent.size).to.be.lessThan(12);
			const one = await columnsOf(testJob({ jobId, duration: jobId }));
			expect(silentHosts(one).size).to.equal(0);
			for (const { samples } of one) expect(samples[0]).to.not.be.NaN;
		}
		expect(jobsWithSilentHosts).to.be.within(1, 40);
	});

	it("makes other samples for another seed, job, start, host, metric or device", async () => {
		const job = testJob({ numNodes: 2 });
		const bits = new Set<string>();
		const runs = [
			columnsOf(job),
			columnsOf(job, {}, 2),
			columnsOf(job, {}, 2 ** 32 + 1),
			columnsOf({ ...job, jobId: job.jobId + 1 }),
			columnsOf({ ...job, startTime: job.startTime + 1 }),
		];
		let series = 0;
		for (const columns of await Promise.all(runs)) {
			for (const samples of seriesByName(columns).values()) {
				bits.add(bitsOf(samples));
				series++;
			}
		}
		expect(bits.size).to.equal(series);
	});
});

/** All columns of a job, or parts of columns where the options cut it. */
async function columnsOf(
	job: Job,
	options: Partial<LoadRequest> & { coreScopeMaxNodes?: number } = {},
	seed = 1,
): Promise<Column[]> {
	const columns: Column[] = [];
	for await (const { spec } of new SyntheticSource(seed).load(
		loadRequest(job, options),
	))
		columns.push(...synthesize(structuredClone(spec)));
	return columns;
}

function seriesByName(columns: readonly Column[]): Map<string, Float64Array> {
	const series = new Map<string, Float64Array>();
	for (const column of columns) {
		for (const { host, id, samples } of seriesOf(column)) {
			const name = `${column.metric}/${column.scope}/${host}/${id}`;
			expect(series.has(name), `${name} twice`).to.equal(false);
			series.set(name, samples);
		}
	}
	return series;
}

function samplesByHost(column: Column): Map<string, Float64Array[]> {
	const hosts = new Map<string, Float64Array[]>();
	for (const { host, samples } of seriesOf(column))
		hosts.set(host, [...(hosts.get(host) ?? []), samples]);
	return hosts;
}

function seriesOf({ hostnames, ids, lengths, samples }: Column) {
	let start = 0;
	return hostnames.map((host, index) => {
		const end = start + lengths[index];
		const series = {
			host,
			id: ids?.[index],
			samples: samples.subarray(start, end),
		};
		start = end;
		return series;
	});
}

function silentHosts(columns: readonly Column[]): Set<string> {
	const silent = new Set<string>();
	for (const { host, samples } of columns.flatMap(seriesOf))
		if (present(samples).length === 0) silent.add(host);
	return silent;
}

function expectAggregate(
	node: Float64Array,
	parts: readonly Float64Array[],
	divisor: number,
): void {
	const aggregate = node.map(
		(_, index) => parts.reduce((sum, part) => sum + part[index], 0) / divisor,
	);
	const differing = node.findIndex((value, index) =>
		Number.isNaN(value)
			? !Number.isNaN(aggregate[index])
			: !(Math.abs(aggregate[index] - value) <= 1e-9 * Math.max(1, value)),
	);
	expect(differing, `${node[differing]} and ${aggregate[differing]}`).to.equal(
		-1,
	);
}

function decimalsOf(samples: Float64Array): number {
	return Math.max(
		...present(samples).map((value) => `${value}`.split(".")[1]?.length ?? 0),
	);
}

function present(samples: Float64Array): number[] {
	return [...samples].filter((value) => !Number.isNaN(value));
}

function mean(samples: Iterable<number>): number {
	const values = [...samples].filter((value) => !Number.isNaN(value));
	return values.reduce((total, value) => total + value, 0) / values.length;
}
