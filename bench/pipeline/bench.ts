import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Column } from "../../lib/codec/column.js";
import {
	Archiver,
	type Job,
	openArchive,
	SqliteJobRepository,
} from "../../lib/index.js";
import { archiveAsJsonGzip } from "../baseline/json-gzip.js";
import { type LargeJob, loadLargeJob } from "../support/large-job.js";
import {
	type Cost,
	format,
	measureCost,
	median,
	spread,
} from "../support/measure.js";
import { MemorySource } from "../support/memory-source.js";

const JOBS = 100;
const YARDSTICK_JOBS = 10;
const ROUNDS = 3;

interface Round extends Cost {
	samples: number;
	bytes: number;
}

/**
 * One large job, a hundred times from memory to a durable archive and database, with 1, 2, ... pool threads; in every
 * round the yardstick runs first, so that both see the same machine.
 */
export async function benchPipeline(): Promise<unknown> {
	const large = await loadLargeJob();
	const most = Number(
		process.env.ARCHIVER_POOL_MAX_THREADS || availableParallelism(),
	);
	const folder = await mkdtemp(join(tmpdir(), "bench-pipeline-"));
	try {
		const yardstick: Round[] = [];
		const rounds = new Map<number, Round[]>();
		// The first round warms up: files, caches, compiled code.
		for (let round = 0; round <= ROUNDS; round++) {
			const measured = await runYardstick(large, join(folder, `y${round}`));
			if (round > 0) yardstick.push(measured);
			for (let threads = 1; threads <= most; threads++) {
				const run = await runOnce(
					large,
					threads,
					join(folder, `${round}-${threads}`),
				);
				if (round > 0)
					rounds.set(threads, [...(rounds.get(threads) ?? []), run]);
			}
		}
		const baseline = median(yardstick.map(rate));
		console.error(
			`${large.name}: ${large.columns.length} columns, ${large.samples} samples, ${JOBS} times; medians of ${ROUNDS} rounds`,
		);
		console.error(
			`json-gzip yardstick: ${format(baseline)} samples/s (${spread(yardstick.map(rate))}), event loop max ${format(median(yardstick.map((r) => r.eventLoopDelayMaxMs)))} ms`,
		);
		const runs = [...rounds].map(([threads, measured]) =>
			summarize(threads, measured, baseline),
		);
		console.error(table(runs));
		return { job: large.name, yardstickSamplesPerSecond: baseline, runs };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function runOnce(
	large: LargeJob,
	threads: number,
	folder: string,
): Promise<Round> {
	const archive = await openArchive(`file:${join(folder, "archive")}`, {
		format: "columnar",
	});
	const repository = await SqliteJobRepository.open(join(folder, "job.db"));
	await archive.storeClusterConfig(large.cluster.name, large.cluster);
	const jobs = numbered(large.job, JOBS);
	await repository.registerJobs(jobs);
	const archiver = await Archiver.start({
		archive,
		repository,
		recover: false,
		source: new MemorySource(large.columns),
		options: { poolMinThreads: threads, poolMaxThreads: threads },
	});
	const pending = await repository.findPending({ limit: JOBS });
	const { result, cost } = await measureCost(() =>
		Promise.all(pending.map((job) => archiver.archiveJob(job))),
	);
	await archiver.shutdown();
	const back = await archive.loadJobData(pending[JOBS - 1]);
	assertSameSamples(large.columns, back);
	const counts = await repository.countByStatus();
	if (counts[3] !== JOBS) throw new Error(`only ${counts[3]} jobs recorded`);
	await repository.close();
	await archive.close();
	return {
		...cost,
		samples: result.reduce((sum, { samples }) => sum + samples, 0),
		bytes: result.reduce((sum, { bytes }) => sum + bytes, 0),
	};
}

async function runYardstick(large: LargeJob, folder: string): Promise<Round> {
	let bytes = 0;
	let samples = 0;
	const { cost } = await measureCost(async () => {
		for (let i = 0; i < YARDSTICK_JOBS; i++) {
			const written = archiveAsJsonGzip(
				large.columns,
				large.job,
				join(folder, String(i)),
			);
			bytes += written.bytes;
			samples += written.samples;
			await new Promise(setImmediate);
		}
	});
	return { ...cost, bytes, samples };
}

function numbered(job: Job, count: number): Job[] {
	return Array.from({ length: count }, (_, i) => ({
		...job,
		jobId: job.jobId + i,
	}));
}

function assertSameSamples(
	columns: readonly Column[],
	back: Awaited<
		ReturnType<Awaited<ReturnType<typeof openArchive>>["loadJobData"]>
	>,
): void {
	for (const { metric, scope, lengths, samples } of columns) {
		let start = 0;
		lengths.forEach((length, i) => {
			const data = back[metric]?.[scope]?.series[i].data;
			for (let k = 0; k < length; k++) {
				if (!Object.is(data?.[k], samples[start + k])) {
					throw new Error(
						`${metric}/${scope} series ${i} sample ${k} came back changed`,
					);
				}
			}
			start += length;
		});
	}
}

function rate({ samples, seconds }: Round): number {
	return samples / seconds;
}

function summarize(threads: number, rounds: Round[], baseline: number) {
	const of = (value: (round: Round) => number) => median(rounds.map(value));
	return {
		threads,
		durable: true,
		jobsPerSecond: of(({ seconds }) => JOBS / seconds),
		samplesPerSecond: of(rate),
		vsYardstick: of(rate) / baseline,
		mainThreadCpuShare: of(
			({ mainThreadCpuSeconds = Number.NaN, cpuSeconds }) =>
				mainThreadCpuSeconds / cpuSeconds,
		),
		eventLoopDelayP50Ms: of((round) => round.eventLoopDelayP50Ms),
		eventLoopDelayP99Ms: of((round) => round.eventLoopDelayP99Ms),
		eventLoopDelayMaxMs: of((round) => round.eventLoopDelayMaxMs),
		peakRssBytes: process.resourceUsage().maxRSS * 1024,
		bytesPerSample: of(({ bytes, samples }) => bytes / samples),
		spread: spread(rounds.map(rate)),
	};
}

function table(runs: ReturnType<typeof summarize>[]): string {
	return runs
		.map(
			(run) =>
				`${run.threads} threads: ${format(run.samplesPerSecond)} samples/s (${run.spread}), ${format(run.vsYardstick)} x yardstick, ` +
				`${run.bytesPerSample.toFixed(3)} B/sample, main thread ${(run.mainThreadCpuShare * 100).toFixed(0)} % of CPU, ` +
				`event loop p50 ${format(run.eventLoopDelayP50Ms)}, p99 ${format(run.eventLoopDelayP99Ms)}, max ${format(run.eventLoopDelayMaxMs)} ms`,
		)
		.join("\n");
}
