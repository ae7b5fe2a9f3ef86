import { throwIfAborted } from "../abort.js";
import {
	type AskedColumn,
	ColumnPlanner,
	cutColumns,
	intervalOf,
	nothingToAsk,
	sampleBytes,
} from "../asked-columns.js";
import { addressOf, type Server } from "../http/address.js";
import { HttpClient, type HttpRequest } from "../http/client.js";
import { type HttpOptions, unusableOptions } from "../http/options.js";
import type { LoadRequest, MetricSource, MetricStoreChunk } from "../source.js";
import type { StoreAnswer } from "./answers.js";
import { batchQueries, queryBody } from "./batches.js";
import { type StoreAddresses, Stores } from "./stores.js";

export interface CcMetricStoreOptions extends StoreAddresses, HttpOptions {
	/** Most queries in one request (500). A query asks for one device of one host. */
	batchQueries?: number;
}

const PATH = "/api/query?version=v2";
/** What a sample takes as text, with its comma: `123.456,`. */
const BYTES_PER_SAMPLE = 8;
const BYTES_PER_ENTRY = 160;

/**
 * Series from ClusterCockpit's metric store, over its HTTP interface. Asks for what was measured, device by device, and
 * leaves it to workers to read the answers and to bring them to the scopes that are archived.
 *
 * @throws ArchiverError on loading: SOURCE_UNAVAILABLE (retryable unless a store refuses the request), SOURCE_DATA_INVALID
 *   for answers that are too large or make no sense, CLUSTER_UNKNOWN for a job that no store is responsible for or whose
 *   subcluster is not configured, NO_DATA for one that holds nothing there is a metric for, ABORTED.
 */
export class CcMetricStoreSource implements MetricSource {
	readonly #stores: Stores;
	readonly #batchQueries: number;
	readonly #client: HttpClient;

	/** @throws ArchiverError INVALID_OPTION */
	constructor(options: CcMetricStoreOptions) {
		const { batchQueries = 500 } = options;
		if (!Number.isSafeInteger(batchQueries) || batchQueries < 1)
			throw unusableOptions(["batchQueries: must be a whole number above 0"]);
		this.#stores = new Stores(options);
		this.#batchQueries = batchQueries;
		this.#client = new HttpClient("metric store", options);
	}

	async *load(request: LoadRequest): AsyncGenerator<MetricStoreChunk> {
		const { job, maxChunkBytes, splitColumns, signal } = request;
		throwIfAborted(signal);
		const server = this.#stores.find(job);
		const columns = new ColumnPlanner(request).native();
		if (columns.length === 0) throw nothingToAsk(job);
		// An answer takes about as much as its samples, and both are held at once.
		const pieces = cutColumns(columns, maxChunkBytes / 2, splitColumns);
		for (const [index, piece] of pieces.entries()) {
			yield {
				kind: "metric-store",
				native: true,
				columns: piece,
				interval: intervalOf(job),
				answers: await this.#ask(server, piece, request),
				path: addressOf(server, PATH).href,
				decodedBytes: sampleBytes(piece),
				last: index === pieces.length - 1,
			};
		}
	}

	/** Ends what is under way. */
	async close(): Promise<void> {
		await this.#client.close();
	}

	/** The answers to all queries of a piece, in order. */
	async #ask(
		server: Server,
		columns: readonly AskedColumn[],
		{ job, allocate, signal }: LoadRequest,
	): Promise<StoreAnswer[]> {
		const batches = [...batchQueries(columns, this.#batchQueries)];
		const requests = batches.map(
			({ queries, samples }): HttpRequest => ({
				url: addressOf(server, PATH),
				method: "GET",
				token: server.token,
				contentType: "application/json",
				body: queryBody(job.cluster, intervalOf(job), queries),
				expectedBytes:
					samples * BYTES_PER_SAMPLE + queries.length * BYTES_PER_ENTRY,
				allocate,
			}),
		);
		const bodies = await this.#client.fetchAll(requests, signal);
		return bodies.map((body, i) => ({
			...body,
			queries: batches[i].queries.length,
		}));
	}
}
