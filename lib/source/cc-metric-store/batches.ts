import type { AskedColumn, JobInterval } from "../asked-columns.js";

/** Samples that an answer may hold, unless a single series has more. */
const MAX_BATCH_SAMPLES = 2 ** 20;

/** What one request asks a store for. */
export interface QueryBatch {
	queries: StoreQuery[];
	/** Samples in the answer, if every device has all of them. */
	samples: number;
}

/** A query as the store reads it. `type` and its ids are absent for a host itself. */
export interface StoreQuery {
	metric: string;
	host: string;
	/** 0: as recorded. */
	resolution: 0;
	aggreg: false;
	type?: string;
	"type-ids"?: [string];
}

/**
 * The queries for `columns`, one for each device of each host of each column in this order, in batches of at most so many.
 *
 * A query could name many devices, but a store silently leaves out those it knows nothing of, and the entries behind them
 * move up: whose they are could only be learnt by asking again. With one device a query, a row is complete or empty.
 */
export function* batchQueries(
	columns: readonly AskedColumn[],
	maxQueries: number,
): Generator<QueryBatch> {
	let batch: QueryBatch = { queries: [], samples: 0 };
	for (const { metric, scope, samplesPerSeries, hosts } of columns) {
		for (const { hostname: host, ids } of hosts) {
			for (const id of ids ?? [null]) {
				const full =
					batch.queries.length === maxQueries ||
					batch.samples + samplesPerSeries > MAX_BATCH_SAMPLES;
				if (full && batch.queries.length > 0) {
					yield batch;
					batch = { queries: [], samples: 0 };
				}
				batch.queries.push({
					metric,
					host,
					resolution: 0,
					aggreg: false,
					...(id !== null && { type: scope, "type-ids": [id] }),
				});
				batch.samples += samplesPerSeries;
			}
		}
	}
	if (batch.queries.length > 0) yield batch;
}

/** The request's body. */
export function queryBody(
	cluster: string,
	{ startTime, endTime }: JobInterval,
	queries: readonly StoreQuery[],
): string {
	return JSON.stringify({
		cluster,
		from: startTime,
		// The store stops before `to`; a sample at the job's end belongs to the job.
		to: endTime + 1,
		"with-stats": false,
		"with-data": true,
		"with-padding": false,
		queries,
	});
}
