// From integers to samples.

/** Each integer times a reciprocal in two parts. */
export function multiply(
	integers: usize,
	count: i32,
	high: f64,
	low: f64,
	samples: usize,
): void {
	const highs = f64x2.splat(high);
	const lows = f64x2.splat(low);
	let i = 0;
	for (; i + 4 <= count; i += 4) {
		const four = v128.load(integers + ((<usize>i) << 2));
		const a = f64x2.convert_low_i32x4_s(four);
		const b = f64x2.convert_low_i32x4_s(i32x4.shuffle(four, four, 2, 3, 2, 3));
		const to = samples + ((<usize>i) << 3);
		v128.store(to, f64x2.add(f64x2.mul(a, highs), f64x2.mul(a, lows)));
		v128.store(to, f64x2.add(f64x2.mul(b, highs), f64x2.mul(b, lows)), 16);
	}
	for (; i < count; i++) {
		const integer = <f64>load<i32>(integers + ((<usize>i) << 2));
		store<f64>(samples + ((<usize>i) << 3), integer * high + integer * low);
	}
}

export function divide(
	integers: usize,
	count: i32,
	scale: f64,
	samples: usize,
): void {
	for (let i = 0; i < count; i++)
		store<f64>(
			samples + ((<usize>i) << 3),
			<f64>load<i32>(integers + ((<usize>i) << 2)) / scale,
		);
}
