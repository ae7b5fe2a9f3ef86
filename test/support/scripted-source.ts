import type { Column } from "../../lib/codec/column.js";
import type { Job } from "../../lib/schema/job.js";
import type {
	LoadRequest,
	MetricChunk,
	MetricSource,
} from "../../lib/source/source.js";
import { testColumn } from "./jobs.js";

/** What a job is given: columns, cut into chunks; or something else that happens when it is loaded. */
export type Script = (
	request: LoadRequest,
) => Column[] | Promise<Column[]> | AsyncIterable<MetricChunk>;

/** A source as an embedding backend would write one, whose behaviour a test decides job by job. */
export class ScriptedSource implements MetricSource {
	readonly replays = true;
	/** Requests in the order in which they were made. */
	readonly requests: LoadRequest[] = [];
	readonly #scripts = new Map<number, Script>();
	readonly #otherwise: Script;

	/** @param otherwise - For jobs without a script of their own. */
	constructor(otherwise: Script = ({ job }) => columnsFor(job)) {
		this.#otherwise = otherwise;
	}

	/** Says what happens when the job with this id is loaded. */
	when(jobId: number, script: Script): this {
		this.#scripts.set(jobId, script);
		return this;
	}

	async *load(request: LoadRequest): AsyncGenerator<MetricChunk> {
		this.requests.push(request);
		const script = this.#scripts.get(request.job.jobId) ?? this.#otherwise;
		const scripted = await script(request);
		if (!Array.isArray(scripted)) yield* scripted;
		else yield* chunksOf(scripted, request);
	}
}

/** Two metrics at node scope for each host of a job, seeded by its id. */
export function columnsFor(job: Job, samplesPerSeries = 10): Column[] {
	const hostnames = job.resources.map(({ hostname }) => hostname);
	return ["cpu_load", "mem_used"].map((metric, i) =>
		testColumn({
			metric,
			hostnames,
			ids: null,
			series: hostnames.length,
			samplesPerSeries,
			seed: job.jobId * 2 + i,
		}),
	);
}

/** Chunks of whole columns, as many in each as the request allows. */
export async function* chunksOf(
	columns: readonly Column[],
	request: LoadRequest,
): AsyncGenerator<MetricChunk> {
	let start = 0;
	while (start < columns.length) {
		let end = start;
		let bytes = 0;
		do bytes += columns[end++].samples.byteLength;
		while (
			end < columns.length &&
			bytes + columns[end].samples.byteLength <= request.maxChunkBytes
		);
		yield samplesChunk(
			columns.slice(start, end),
			request,
			end === columns.length,
		);
		start = end;
	}
}

function samplesChunk(
	columns: readonly Column[],
	request: LoadRequest,
	last: boolean,
): MetricChunk {
	const bytes = columns.reduce(
		(sum, { samples }) => sum + samples.byteLength,
		0,
	);
	const buffer = request.allocate(bytes);
	const all = new Float64Array(buffer);
	let start = 0;
	const headers = columns.map(({ samples, ...header }) => {
		all.set(samples, start);
		start += samples.length;
		return header;
	});
	return { kind: "samples", columns: headers, buffer, last };
}
