/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of a table that are trained in full (PEFT: {@code trainable_token_indices}): the factor holds the new rows themselves,
 * not differences, {@code [rows, size]}, in the order of their ids. They start as the rows of the base.
 *
 * <p>What looks rows up finds the new ones, and what else adapts the table adds to them; hosts do that without a copy of the
 * table, so that only the weight as a whole is computed here, for merging.
 *
 * <p><b>State.</b> The ids of the rows, an immutable list.
 *
 * @apiNote Status: experimental
 */
public final class TokenRowsMethod implements ReplacingMethod {

    /** Suffix of the new rows. */
    public static final String ROWS = "token_adapter.trainable_tokens_delta";

    /** The name of the method in saved networks. */
    public static final String ID = "TOKEN_ROWS";

    /** The place of a weight: a lookup has no other. */
    static final MethodTraits TRAITS =
            MethodTraits.builder("token rows", ID).factor(ROWS, "T").build();

    private final List<Integer> rows;

    /**
     * Makes the method for some rows.
     *
     * @param rows ids of rows, each once, none negative
     */
    public TokenRowsMethod(List<Integer> rows) {
        this.rows = List.copyOf(rows);
    }

    /**
     * The rows.
     *
     * @return their ids
     */
    public List<Integer> rows() {
        return rows;
    }

    /**
     * The module whose rows are written a second time under another path. Where a head shares its table with an embedding,
     * PEFT's method of token rows alone writes the rows under both.
     *
     * @param config the config of an adapter
     * @param path a module of the adapter
     * @param modules the tensors of the adapter by path and suffix
     * @return the path of the rows themselves; empty if {@code path} has rows of its own or is no such module
     */
    public static Optional<String> original(
            AdapterConfig config, String path, Map<String, Map<String, INDArray>> modules) {
        INDArray rows = modules.getOrDefault(path, Map.of()).get(ROWS);
        if (config.targetUse() != TargetUse.ROWS || config.trainsRowsOf(path) || rows == null) {
            return Optional.empty();
        }
        return modules.keySet().stream()
                .filter(other -> config.trainsRowsOf(other)
                        && rows.equals(modules.get(other).get(ROWS)))
                .findFirst();
    }

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        long[] table = shape.weight();
        if (shape.kind() != ModuleShape.Kind.EMBEDDING) {
            throw new IllegalArgumentException("token rows, module of shape " + shape
                    + ": no rows of it are looked up; expected an embedding. Name an embedding.");
        }
        if (rows.stream().anyMatch(row -> row >= table[0])) {
            throw new IllegalArgumentException(
                    "token rows " + rows + " of a module of shape " + shape + ": it has the rows 0 to " + (table[0] - 1)
                            + "; expected a table with all these rows. Correct the rows.");
        }
        return Map.of(ROWS, new long[] {rows.size(), table[1]});
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        return Map.of(ROWS, of(start.weight().get()).castTo(start.dataType()));
    }

    /**
     * The rows of a table.
     *
     * @param table the table [vocabulary, size]; only read
     * @return a new array, row by row
     */
    public INDArray of(INDArray table) {
        return table.getRows(rows.stream().mapToInt(Integer::intValue).toArray())
                .dup('c');
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        throw new UnsupportedOperationException(
                "token rows replace rows of an array only; expected mergedWeight, or a lookup that finds the new rows");
    }

    @Override
    public INDArray mergedWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        return replaced(weight, factors.get(ROWS));
    }

    /**
     * A table with the new rows in it.
     *
     * @param table the table [vocabulary, size]; only read
     * @param fresh the new rows
     * @return a new array of the type and memory order of the table
     */
    public INDArray replaced(INDArray table, INDArray fresh) {
        INDArray replaced = table.dup(table.ordering());
        INDArray values = fresh.castTo(table.dataType());
        for (int i = 0; i < rows.size(); i++) {
            replaced.putRow(rows.get(i), values.getRow(i));
        }
        return replaced;
    }
}
