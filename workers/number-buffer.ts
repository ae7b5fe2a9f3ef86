/** Numbers that were read, in a buffer that grows and is used again. */
export class NumberBuffer {
	values: Float64Array = new Float64Array(4096);
	length = 0;

	push(value: number): void {
		if (this.length === this.values.length) this.grow();
		this.values[this.length++] = value;
	}

	grow(): Float64Array {
		const larger = new Float64Array(2 * this.values.length);
		larger.set(this.values);
		this.values = larger;
		return larger;
	}
}
