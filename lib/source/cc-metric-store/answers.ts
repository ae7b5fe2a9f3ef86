import type { AskedColumn, JobInterval } from "../asked-columns.js";
import type { HttpBody } from "../http/body.js";

/** What a metric store answered when it was asked for columns, as it came. */
export interface MetricStoreAnswers {
	/** Each device of each host of each column is a query of its own, in this order. */
	columns: readonly AskedColumn[];
	interval: JobInterval;
	/** In order. The buffers are the chunk's own and will be transferred. */
	answers: readonly StoreAnswer[];
	/** Where the answers come from, for messages. */
	path: string;
}

export interface StoreAnswer extends HttpBody {
	/** How many queries it answers. */
	queries: number;
}
