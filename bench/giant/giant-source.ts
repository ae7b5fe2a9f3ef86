import type {
	Cluster,
	Column,
	ColumnHeader,
	Job,
	LoadRequest,
	MetricChunk,
	MetricSource,
} from "../../lib/index.js";
import { SEED } from "../support/bench.js";
import { benchCluster, benchJob } from "../support/seeded-large-job.js";
import { syntheticColumns } from "../support/synthetic-columns.js";

const METRICS = Array.from({ length: 20 }, (_, i) => `metric_${i + 1}`);
/** 33 hosts of 20 metrics take 7.6 MB. No divisor of it is the number of hosts in a chunk, so neighbouring chunks differ. */
const HELD_HOSTS = 33;
const BYTES_PER_SAMPLE = Float64Array.BYTES_PER_ELEMENT;

export interface GiantJob {
	job: Job;
	cluster: Cluster;
	source: GiantSource;
}

/** A job of so many nodes, 24 h and 20 metrics with a sample a minute. */
export async function giantJob(nodes: number): Promise<GiantJob> {
	const cluster = benchCluster(METRICS);
	const job = benchJob(cluster, nodes);
	const some = { ...job, resources: job.resources.slice(0, HELD_HOSTS) };
	const held = await syntheticColumns(SEED, some, cluster);
	return { job, cluster, source: new GiantSource(held) };
}

/**
 * Series of a job that is larger than the memory it may take: some hosts' series are held and given, again and again,
 * to all the others. Chunks hold all metrics of as many hosts as fit.
 */
export class GiantSource implements MetricSource {
	readonly #held: readonly Column[];
	readonly #samplesPerSeries: number;

	/** @param held - Columns of {@link HELD_HOSTS} hosts. */
	constructor(held: readonly Column[]) {
		this.#held = held;
		this.#samplesPerSeries = held[0].lengths[0];
	}

	async *load({
		job,
		maxChunkBytes,
		allocate,
	}: LoadRequest): AsyncGenerator<MetricChunk> {
		const hostBytes =
			this.#held.length * this.#samplesPerSeries * BYTES_PER_SAMPLE;
		const hosts = Math.max(1, Math.floor(maxChunkBytes / hostBytes));
		for (let first = 0; first < job.numNodes; first += hosts) {
			const count = Math.min(hosts, job.numNodes - first);
			const buffer = allocate(count * hostBytes);
			this.#fill(new Float64Array(buffer), first, count);
			const hostnames = job.resources
				.slice(first, first + count)
				.map(({ hostname }) => hostname);
			yield {
				kind: "samples",
				columns: this.#headers(hostnames),
				buffer,
				last: first + count === job.numNodes,
			};
		}
	}

	/** What a host of the job gets of a metric. */
	seriesOf(host: number, metric: string): Float64Array {
		const column = this.#held.find((held) => held.metric === metric);
		if (column === undefined) throw new Error(`no metric ${metric}`);
		return this.#seriesIn(column, host);
	}

	#seriesIn({ samples }: Column, host: number): Float64Array {
		const start = (host % HELD_HOSTS) * this.#samplesPerSeries;
		return samples.subarray(start, start + this.#samplesPerSeries);
	}

	#fill(target: Float64Array, firstHost: number, count: number): void {
		let start = 0;
		for (const column of this.#held) {
			for (let host = firstHost; host < firstHost + count; host++) {
				target.set(this.#seriesIn(column, host), start);
				start += this.#samplesPerSeries;
			}
		}
	}

	#headers(hostnames: readonly string[]): ColumnHeader[] {
		const lengths = new Uint32Array(hostnames.length).fill(
			this.#samplesPerSeries,
		);
		return this.#held.map(({ samples: _, ...header }) => ({
			...header,
			hostnames,
			lengths,
		}));
	}
}
