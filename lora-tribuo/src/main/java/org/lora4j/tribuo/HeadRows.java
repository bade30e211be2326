/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The rows of a new head by the names of the outputs.
 *
 * <p>A row starts as those of PyTorch's {@code Linear} do, uniform within 1/sqrt(size), from a stream of its own: it depends
 * on seed and name, not on which other outputs there are.
 */
final class HeadRows {

    private final String head;
    private final List<String> names;

    HeadRows(String head, List<String> names) {
        this.head = head;
        this.names = names;
    }

    private String weight() {
        return head + ".weight";
    }

    private String bias() {
        return head + ".bias";
    }

    /** The adapter with fresh rows. */
    Adapter fresh(Adapter adapter, long seed) {
        return placed(adapter, List.of(), seed);
    }

    /** The adapter with the rows of the outputs it knows, by name, and fresh ones for the others. */
    Adapter carried(Adapter adapter, List<String> known, long seed) {
        long rows = adapter.savedParameters().get(weight()).size(0);
        if (rows != known.size()) {
            throw new IllegalArgumentException(
                    "LoraTrainer: the adapter holds a head " + MessageText.name(head) + " of " + rows
                            + " rows, and there are " + known.size() + " names, " + Problems.quoted(known)
                            + "; expected the name of each row's output. LoraModel.exportAdapter writes them as "
                            + SavedAdapter.FILE + "; without a head the adapter can be used as well.");
        }
        return placed(adapter, known, seed);
    }

    private Adapter placed(Adapter adapter, List<String> known, long seed) {
        INDArray oldWeight = adapter.savedParameters().get(weight());
        INDArray oldBias = adapter.savedParameters().get(bias());
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < known.size(); i++) {
            places.put(known.get(i), i);
        }
        int size = Math.toIntExact(oldWeight.size(1));
        DataType type = oldWeight.dataType();
        INDArray newWeight = Nd4j.create(type, names.size(), size);
        INDArray newBias = Nd4j.create(type, names.size());
        for (int i = 0; i < names.size(); i++) {
            Integer place = places.get(names.get(i));
            SplittableRandom random = RandomStreams.of(seed, head + "/" + names.get(i));
            double bound = 1 / Math.sqrt(size);
            INDArray row = RandomStreams.uniform(random, bound, type, size);
            double start = (2 * random.nextDouble() - 1) * bound;
            newWeight.putRow(i, place == null ? row : oldWeight.getRow(place));
            newBias.putScalar(i, place == null ? start : oldBias.getDouble(place));
        }
        Map<String, INDArray> saved = new LinkedHashMap<>(adapter.savedParameters());
        saved.put(weight(), newWeight);
        saved.put(bias(), newBias);
        return Adapter.of(adapter.config(), adapter.modules(), saved).onBaseOf(List.of(adapter));
    }

    /** Whether an adapter comes with rows of a head. */
    boolean areIn(Adapter adapter) {
        return adapter.savedParameters().containsKey(weight());
    }

    /** The config with the head among what learns fully. */
    AdapterConfig with(AdapterConfig config) {
        List<String> saved = new ArrayList<>(config.modulesToSave());
        if (!saved.contains(head)) {
            saved.add(head);
        }
        AdapterConfig.Builder<?> with = config.toBuilder();
        with.modulesToSave(saved);
        return with.build();
    }
}
