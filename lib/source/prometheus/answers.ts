import type { AskedColumn, JobInterval } from "../asked-columns.js";
import type { HttpBody } from "../http/body.js";

/** What Prometheus answered when it was asked for columns, as it came. */
export interface PrometheusAnswers {
	columns: readonly LabelledColumn[];
	interval: JobInterval;
	/** Each holds some hosts and some time of one column. The buffers are the chunk's own and will be transferred. */
	answers: readonly PrometheusAnswer[];
	/** Where the answers come from, for messages. */
	path: string;
}

/** A column with the labels that tell whose a series is. */
export interface LabelledColumn extends AskedColumn {
	hostLabel: string;
	/** null at node scope. */
	idLabel: string | null;
}

export interface PrometheusAnswer extends HttpBody {
	/** Place in `columns`. */
	column: number;
}
