import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { archiveAsJsonGzip } from "../baseline/json-gzip.js";
import { BenchHouse } from "../support/bench-house.js";
import { type Cost, measureCost } from "../support/measure.js";
import type { Subject } from "../support/subject.js";
import { openWorkload, type Workload } from "../support/workload.js";

/** What the process does beside serving. */
export type Beside = "nothing" | "archiver" | "json-gzip";

export type EmbedInput = "port" | { begin: Beside } | "end";

export interface EmbedAnswer {
	port: number;
	/** After the end: what was done since the begin. */
	measured?: EmbedRun;
}

export interface EmbedRun extends Cost {
	/** Archived since the begin. */
	jobs: number;
	samples: number;
}

const HANDLER_MS = 1;
const SMALL_FILE_BYTES = 4096;
const KEEP_ALIVE_MS = 60_000;
/** Large jobs that are handed in together; two such hands make sure that there is always something to do. */
const BATCH_JOBS = 32;

/** An HTTP server that archives at full rate in the same process while it is told to. */
export default async function openEmbedded({
	folder,
}: {
	folder: string;
}): Promise<Subject<EmbedInput, EmbedAnswer>> {
	const smallFile = join(folder, "small-file");
	await writeFile(smallFile, Buffer.alloc(SMALL_FILE_BYTES, "x"));
	const server = await listen(smallFile);
	const { port } = server.address() as AddressInfo;
	const workload = await openWorkload({ kind: "large", jobs: BATCH_JOBS });
	const house = await BenchHouse.open({
		folder,
		storage: "file",
		clusters: workload.clusters,
		source: workload.source,
	});
	const besides: Record<Beside, (until: AbortSignal) => Promise<Done[]>> = {
		nothing: async (until) => {
			await aborted(until);
			return [];
		},
		archiver: (until) =>
			Promise.all([
				archiveBatches(house, workload, until),
				archiveBatches(house, workload, until),
			]),
		"json-gzip": async (until) => [
			await archiveOnMainThread(workload, join(folder, "json-gzip"), until),
		],
	};
	let end = new AbortController();
	let measured: Promise<EmbedRun> | undefined;
	return {
		async run(input) {
			if (input === "port") return { port };
			if (input === "end") {
				end.abort();
				return { port, measured: await measured };
			}
			end = new AbortController();
			measured = measureCost(
				() => besides[input.begin](end.signal),
				house.poolThreads,
			).then(({ result, cost }) => ({
				...cost,
				jobs: result.reduce((sum, { jobs }) => sum + jobs, 0),
				samples: result.reduce((sum, { samples }) => sum + samples, 0),
			}));
			return { port };
		},
		async close() {
			server.close();
			server.closeAllConnections();
			await house.close();
		},
	};
}

interface Done {
	jobs: number;
	samples: number;
}

async function listen(smallFile: string): Promise<Server> {
	const turns = turnsFor(HANDLER_MS);
	const server = createServer(async (_, response) => {
		const computed = compute(turns);
		const bytes = await readFile(smallFile);
		response.setHeader("content-type", "text/plain");
		response.end(`${computed}\n${bytes}`);
	});
	server.keepAliveTimeout = KEEP_ALIVE_MS;
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	return server;
}

async function archiveBatches(
	house: BenchHouse,
	workload: Workload,
	until: AbortSignal,
): Promise<Done> {
	const done = { jobs: 0, samples: 0 };
	while (!until.aborted) {
		const jobs = await house.register(workload.nextJobs());
		const results = await Promise.all(
			jobs.map((job) => house.archiver.archiveJob(job)),
		);
		done.jobs += jobs.length;
		for (const { samples } of results) done.samples += samples;
	}
	return done;
}

async function archiveOnMainThread(
	workload: Workload,
	folder: string,
	until: AbortSignal,
): Promise<Done> {
	const done = { jobs: 0, samples: 0 };
	while (!until.aborted) {
		for (const job of workload.nextJobs()) {
			if (until.aborted) break;
			const columns = await workload.columnsOf(job);
			const own = join(folder, String(job.jobId));
			done.samples += archiveAsJsonGzip(columns, job, own).samples;
			done.jobs++;
			await new Promise(setImmediate);
		}
	}
	return done;
}

function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		signal.addEventListener("abort", () => resolve(), { once: true });
	});
}

/** So many turns of {@link compute} take about that long on this machine. */
function turnsFor(ms: number): number {
	const turns = 100_000;
	let fastestMs = Number.POSITIVE_INFINITY;
	for (let i = 0; i < 50; i++) {
		const startMs = performance.now();
		compute(turns);
		fastestMs = Math.min(fastestMs, performance.now() - startMs);
	}
	return Math.round((turns * ms) / fastestMs);
}

function compute(turns: number): number {
	let state = 1;
	for (let i = 0; i < turns; i++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
	}
	return state;
}
