/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.embedding;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.method.TokenRowsMethod;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows that adapters put in the place of those of a table, in a running lookup layer. Only what was looked up is touched, so
 * that nothing here has the size of the table unless it is asked for.
 *
 * @apiNote Status: internal
 */
public final class ReplacedRows {

    private final Function<String, INDArray> parameters;
    private final List<Slot> slots;

    /** {@code parameters} finds a parameter by its name. */
    public ReplacedRows(Function<String, INDArray> parameters, LoraSettings settings, String table) {
        this.parameters = parameters;
        this.slots = settings.of(table).stream()
                .filter(LoraSlot::replacesRows)
                .map(Slot::new)
                .toList();
    }

    public boolean learns() {
        return slots.stream().anyMatch(Slot::learns);
    }

    /** The new rows of one adapter. */
    private static final class Slot {
        private final String name;
        private final boolean learns;
        private final TokenRowsMethod method;
        private final Map<Integer, Integer> places = new HashMap<>();

        Slot(LoraSlot slot) {
            name = slot.names().get(0);
            learns = slot.learns();
            method = new TokenRowsMethod(slot.rows());
            for (int i = 0; i < slot.rows().size(); i++) {
                places.put(slot.rows().get(i), i);
            }
        }

        boolean learns() {
            return learns;
        }

        /** The lookups that find a new row. */
        int[] lookups(int[] indexes) {
            return IntStream.range(0, indexes.length)
                    .filter(i -> places.containsKey(indexes[i]))
                    .toArray();
        }

        /** Which new row each of these lookups finds. */
        int[] found(int[] indexes, int[] lookups) {
            return IntStream.of(lookups).map(i -> places.get(indexes[i])).toArray();
        }
    }

    /**
     * Puts the new rows in the place of what was looked up.
     *
     * @param found one row for each index, the bias included
     * @param bias what is added to every row, or null
     */
    public void put(int[] indexes, INDArray found, INDArray bias) {
        for (Slot slot : slots) {
            int[] lookups = slot.lookups(indexes);
            if (lookups.length > 0) {
                INDArray fresh = EmbeddingPath.looked(parameters.apply(slot.name), slot.found(indexes, lookups));
                if (bias != null) {
                    Broadcasts.addRow(fresh, bias);
                }
                for (int i = 0; i < lookups.length; i++) {
                    found.putRow(lookups[i], fresh.getRow(i));
                }
            }
        }
    }

    /** A table with the new rows in it; itself if there are none. */
    public INDArray in(INDArray table) {
        INDArray replaced = table;
        for (Slot slot : slots) {
            replaced = slot.method.replaced(replaced, parameters.apply(slot.name));
        }
        return replaced;
    }

    /** Writes the gradients of new rows that learn. */
    public void backward(int[] indexes, INDArray delta, Map<String, INDArray> views, Gradient gradient) {
        for (Slot slot : slots) {
            if (slot.learns) {
                int[] lookups = slot.lookups(indexes);
                INDArray view = views.get(slot.name);
                view.assign(0);
                if (lookups.length > 0) {
                    EmbeddingPath.add(slot.found(indexes, lookups), EmbeddingPath.looked(delta, lookups), view);
                }
                gradient.gradientForVariable().put(slot.name, view);
            }
        }
    }

    /** Takes the replaced rows out of the gradient of the table that they are put over. */
    public void clear(INDArray ofTable) {
        slots.forEach(
                slot -> slot.method.rows().forEach(row -> ofTable.getRow(row).assign(0)));
    }
}
