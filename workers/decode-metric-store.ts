import type { Column } from "../lib/codec/column.js";
import type { JobInterval } from "../lib/source/asked-columns.js";
import type {
	MetricStoreAnswers,
	StoreAnswer,
} from "../lib/source/cc-metric-store/answers.js";
import {
	buildersOf,
	type ColumnBuilder,
	finishColumns,
} from "./column-builder.js";
import { joinBody } from "./join-body.js";
import { JsonReader, readingAnswer } from "./json-reader.js";
import { NumberBuffer } from "./number-buffer.js";
import { placeSamples } from "./place-samples.js";

const ANSWER_KEYS = ["results"];
const ENTRY_KEYS = ["data", "from", "resolution", "error"];

/** Samples of one entry, until it is known where they belong. */
const values = new NumberBuffer();

/**
 * The columns that answers of a cc-metric-store hold. A device that the store leaves out or tells an error for has no
 * series.
 *
 * @returns Columns in the thread's {@link sampleSpace}.
 * @throws ArchiverError SOURCE_DATA_INVALID
 */
export function decodeMetricStore(asked: MetricStoreAnswers): Column[] {
	const decoder = new Decoder(asked);
	for (const answer of asked.answers)
		readingAnswer(asked.path, () => decoder.read(answer));
	return decoder.finish();
}

/** Goes through the rows of all answers and the series that were asked for, side by side. */
class Decoder {
	readonly #interval: JobInterval;
	readonly #builders: ColumnBuilder[];
	/** Where the next row belongs. */
	#column = 0;
	#place = 0;

	constructor({ columns, interval }: MetricStoreAnswers) {
		this.#interval = interval;
		this.#builders = buildersOf(columns);
	}

	read({ queries, ...body }: StoreAnswer): void {
		const reader = new JsonReader(joinBody(body));
		let rows = 0;
		reader.object(ANSWER_KEYS, (key) => {
			if (key < 0) return reader.skip();
			reader.list((row) => {
				rows = row + 1;
				if (rows > queries) reader.fail(`a row for each of ${queries} queries`);
				this.#readRow(reader);
			});
		});
		reader.end();
		if (rows < queries)
			reader.fail(`${queries} rows, one for each query, instead of ${rows}`);
	}

	finish(): Column[] {
		return finishColumns(this.#builders);
	}

	/** A row has an entry for the one device that was asked for, or none. */
	#readRow(reader: JsonReader): void {
		while (this.#place === this.#builders[this.#column].places) {
			this.#column++;
			this.#place = 0;
		}
		if (!reader.null()) {
			reader.list((entry) => {
				if (entry > 0) reader.fail("one entry for one device");
				this.#readEntry(reader);
			});
		}
		this.#place++;
	}

	#readEntry(reader: JsonReader): void {
		let from = Number.NaN;
		let resolution = Number.NaN;
		let failed = false;
		values.length = 0;
		reader.object(ENTRY_KEYS, (key) => {
			switch (key) {
				case 0:
					if (!reader.null()) reader.numbers(values);
					return;
				case 1:
					from = reader.number();
					return;
				case 2:
					resolution = reader.number();
					return;
				case 3:
					failed = !reader.null();
					if (failed) reader.skip();
					return;
				default:
					reader.skip();
			}
		});
		if (failed || values.length === 0) return;
		if (!(resolution > 0) || Number.isNaN(from))
			reader.fail("samples with 'from' and a 'resolution' above 0");
		const builder = this.#builders[this.#column];
		placeSamples(
			values,
			from,
			resolution,
			builder.series(this.#place),
			builder.asked,
			this.#interval,
		);
	}
}
