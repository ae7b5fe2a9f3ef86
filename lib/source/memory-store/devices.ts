import type { Series } from "./series.js";

/** The series of a measurement, by device. The node itself, whose name is empty, costs no map: most series are of nodes. */
export class Devices {
	#node: Series | undefined;
	#named: Map<string, Series> | undefined;

	get isEmpty(): boolean {
		return this.#node === undefined && (this.#named?.size ?? 0) === 0;
	}

	get(device: string): Series | undefined {
		return device === "" ? this.#node : this.#named?.get(device);
	}

	set(device: string, series: Series): void {
		if (device === "") {
			this.#node = series;
			return;
		}
		this.#named ??= new Map();
		this.#named.set(device, series);
	}

	delete(device: string): void {
		if (device === "") this.#node = undefined;
		else this.#named?.delete(device);
	}

	/** May be changed while it is gone through. */
	values(): Iterable<Series> {
		return this.#node === undefined
			? (this.#named?.values() ?? [])
			: [this.#node];
	}
}
