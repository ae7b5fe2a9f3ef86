import { throwIfAborted } from "../abort.js";
import {
	type AskedHost,
	ColumnPlanner,
	cutColumns,
	intervalOf,
	nothingToAsk,
	sampleBytes,
	sampleCount,
} from "../asked-columns.js";
import {
	addressOf,
	parseAddress,
	type Server,
	type ServerAddress,
} from "../http/address.js";
import { HttpClient, type HttpRequest } from "../http/client.js";
import { type HttpOptions, unusableOptions } from "../http/options.js";
import type { LoadRequest, MetricSource, PrometheusChunk } from "../source.js";
import type { LabelledColumn, PrometheusAnswer } from "./answers.js";
import { expandQuery } from "./promql.js";
import { type PrometheusQueries, QueryMap } from "./queries.js";
import { pointsOf, type QueryRange, queryRanges } from "./ranges.js";

export interface PrometheusOptions extends ServerAddress, HttpOptions {
	queries: PrometheusQueries;
	/** Most hosts in one query (100). */
	batchHosts?: number;
}

const PATH = "/api/v1/query_range";
/** What a sample takes as text: `[1700000059.999,"12.34"],`. */
const BYTES_PER_SAMPLE = 30;
const BYTES_PER_SERIES = 200;

/**
 * Series from Prometheus, or from anything that answers `/api/v1/query_range` as it does, by queries that the
 * configuration gives for metrics and scopes. Metrics without a query are not archived.
 *
 * @throws ArchiverError on loading: SOURCE_UNAVAILABLE (retryable unless the server refuses the request),
 *   SOURCE_DATA_INVALID for answers that are too large or make no sense, CLUSTER_UNKNOWN for a job whose subcluster is not
 *   configured, NO_DATA for one that there is no query for, ABORTED.
 */
export class PrometheusSource implements MetricSource {
	readonly #server: Server;
	readonly #queries: QueryMap;
	readonly #batchHosts: number;
	readonly #client: HttpClient;

	/** @throws ArchiverError INVALID_OPTION */
	constructor(options: PrometheusOptions) {
		const { batchHosts = 100 } = options;
		if (!Number.isSafeInteger(batchHosts) || batchHosts < 1)
			throw unusableOptions(["batchHosts: must be a whole number above 0"]);
		this.#server = parseAddress(options);
		this.#queries = new QueryMap(options.queries);
		this.#batchHosts = batchHosts;
		this.#client = new HttpClient("Prometheus", options);
	}

	async *load(request: LoadRequest): AsyncGenerator<PrometheusChunk> {
		const { job, signal } = request;
		throwIfAborted(signal);
		const pieces = this.#plan(request);
		if (pieces.length === 0) throw nothingToAsk(job);
		for (const [index, { columns, native }] of pieces.entries()) {
			yield {
				kind: "prometheus",
				native,
				columns,
				interval: intervalOf(job),
				answers: await this.#ask(columns, request),
				path: addressOf(this.#server, PATH).href,
				decodedBytes: sampleBytes(columns),
				last: index === pieces.length - 1,
			};
		}
	}

	/** Ends what is under way. */
	async close(): Promise<void> {
		await this.#client.close();
	}

	/** What is brought to its scopes by a worker, and what is archived as it comes, apart. */
	#plan(request: LoadRequest): Piece[] {
		const planner = new ColumnPlanner(request);
		const columns = request.metrics.flatMap((metric) =>
			this.#queries.find(metric).map(({ scope, ...query }) => ({
				...planner.column(metric.config, scope),
				...query,
				native: scope === metric.config.scope,
			})),
		);
		// An answer takes several times as much as its samples, and both are held at once.
		const maxBytes =
			(request.maxChunkBytes * Float64Array.BYTES_PER_ELEMENT) /
			(Float64Array.BYTES_PER_ELEMENT + BYTES_PER_SAMPLE);
		return [true, false].flatMap((native) =>
			cutColumns(
				columns.filter((it) => it.native === native && it.hosts.length > 0),
				maxBytes,
				request.splitColumns,
			).map((piece) => ({ native, columns: piece })),
		);
	}

	/** The answers to all queries of a piece. */
	async #ask(
		columns: readonly QueriedColumn[],
		request: LoadRequest,
	): Promise<PrometheusAnswer[]> {
		const batches = columns.flatMap((column, place) =>
			this.#batchesOf(column, request).map((batch) => ({ ...batch, place })),
		);
		const bodies = await this.#client.fetchAll(
			batches.map((batch) => this.#requestOf(batch, request)),
			request.signal,
		);
		return bodies.map((body, i) => ({ ...body, column: batches[i].place }));
	}

	/** A column's requests: so many hosts, and so much time, in each. */
	#batchesOf(column: QueriedColumn, { job }: LoadRequest): Batch[] {
		const ranges = queryRanges(intervalOf(job), column.timestep);
		const batches: Batch[] = [];
		for (let i = 0; i < column.hosts.length; i += this.#batchHosts) {
			const hosts = column.hosts.slice(i, i + this.#batchHosts);
			for (const range of ranges) batches.push({ column, hosts, range });
		}
		return batches;
	}

	#requestOf(
		{ column, hosts, range }: Batch,
		{ allocate }: LoadRequest,
	): HttpRequest {
		const points = pointsOf(range);
		const samples = sampleCount({ ...column, hosts, samplesPerSeries: points });
		return {
			url: addressOf(this.#server, PATH),
			method: "POST",
			token: this.#server.token,
			contentType: "application/x-www-form-urlencoded",
			body: new URLSearchParams({
				query: expandQuery(
					column.query,
					hosts.map(({ hostname }) => hostname),
					range.windowMs,
				),
				start: seconds(range.startMs),
				end: seconds(range.endMs),
				step: String(range.step),
			}).toString(),
			expectedBytes:
				samples * BYTES_PER_SAMPLE + (samples / points) * BYTES_PER_SERIES,
			allocate,
		};
	}
}

interface QueriedColumn extends LabelledColumn {
	query: string;
}

interface Piece {
	columns: QueriedColumn[];
	native: boolean;
}

interface Batch {
	column: QueriedColumn;
	hosts: readonly AskedHost[];
	range: QueryRange;
}

function seconds(ms: number): string {
	return (ms / 1000).toFixed(3);
}
