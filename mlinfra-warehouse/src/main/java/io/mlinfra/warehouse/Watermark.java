package io.mlinfra.warehouse;

/**
 * How far a table has come in a column, for a source that can leave rows out by itself. It may do
 * so and need not: the load filters what it gets in any case. It must not leave out rows where the
 * column is null, which are an error that the load reports.
 *
 * @param column as the caller of the load wrote it
 * @param value a Long, BigInteger, BigDecimal, Double, LocalDate, LocalDateTime (in no zone) or
 *     OffsetDateTime (in UTC), to the microsecond; never greater than the exact one
 * @param inclusive whether rows with an equal value are wanted, too
 */
record Watermark(String column, Object value, boolean inclusive) {}
