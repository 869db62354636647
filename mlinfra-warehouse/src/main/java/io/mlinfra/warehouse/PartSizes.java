package io.mlinfra.warehouse;

/**
 * How many rows a part has. The smaller the parts, the less is written again where little changed;
 * each costs a query and a file. All of a part's rows are in one row group, which is in memory as a
 * whole when it is written or read.
 *
 * @param least but for the last part
 * @param mean how many rows pass, on average, between two at which a part may end
 * @param most where there is no such row
 */
record PartSizes(long least, long mean, long most) {
  static final PartSizes DEFAULT = new PartSizes(1 << 15, 1 << 16, 1 << 18);
}
