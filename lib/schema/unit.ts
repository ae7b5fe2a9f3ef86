/** Unit of a metric as ClusterCockpit writes it: `{ base: 'B/s', prefix: 'G' }`. */
export interface Unit {
	base: string;
	prefix?: string;
}
