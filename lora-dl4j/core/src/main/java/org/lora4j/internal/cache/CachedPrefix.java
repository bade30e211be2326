/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.internal.cache.ActivationStore.Lease;
import org.lora4j.train.cache.BatchIdentity;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Loss and gradients of batches, with the frozen prefix computed once for each.
 *
 * <p><b>State.</b> Owns the arrays it keeps, until it is closed. <b>Threads.</b> One.
 *
 * @apiNote Status: internal
 */
public final class CachedPrefix implements AutoCloseable {

    private final SplitExecutor split;
    private final ActivationStore store;
    private boolean worthIt;
    private boolean independent;
    private long computed;
    private long reused;

    /** Examples padded to different lengths are different. */
    private record ExampleKey(long number, List<Long> shape) {}

    /**
     * An empty cache.
     *
     * @param split the graph in two parts
     * @param settings how much to keep
     */
    public CachedPrefix(SplitExecutor split, PrefixCache settings) {
        this.split = split;
        this.store = new ActivationStore(settings);
    }

    /**
     * What {@code GraphExecutor.gradients} gives.
     *
     * @param seed source of everything random
     * @return loss and gradients; the arrays belong to the caller
     * @throws IllegalArgumentException if the batch has no identity or is not what it was under that identity, an example
     *     depends on others of its batch, or the prefix is not worth keeping
     * @throws java.io.UncheckedIOException if the file cannot be written or read
     */
    public LossAndGradients gradients(
            Optional<BatchIdentity> identity, int examples, Map<String, INDArray> placeholders, long seed) {
        try (Lease activations = activations(identity, examples, placeholders)) {
            return split.suffix(placeholders, activations.arrays(), seed);
        }
    }

    private Lease activations(Optional<BatchIdentity> identity, int examples, Map<String, INDArray> placeholders) {
        if (identity.isEmpty()) {
            throw new IllegalArgumentException("prefix cache: a batch has no identity, so it cannot be known again;"
                    + " expected batches of Batches.inOrder, Batches.shuffled or LengthBuckets.batches(), or"
                    + " batch.identifiedBy(...) in your own source. Train without the cache otherwise.");
        }
        if (identity.get() instanceof BatchIdentity.OfExamples of) {
            return ofExamples(of, examples, placeholders);
        }
        return ofBatch(identity.get(), placeholders);
    }

    private Lease ofBatch(Object key, Map<String, INDArray> placeholders) {
        long checksum = Checksums.whole(placeholders, split.prefixInputs());
        if (isKept(key, checksum)) {
            reused++;
            return store.get(key);
        }
        return store.put(key, checksum, compute(placeholders));
    }

    private boolean isKept(Object key, long checksum) {
        Optional<Long> before = store.checksum(key);
        if (before.isPresent() && before.get() != checksum) {
            throw new IllegalArgumentException("prefix cache: the input of " + key + " is not what it was when it came"
                    + " first; expected equal inputs for equal identities. Take augmentation and random cropping out of the"
                    + " source, give other inputs other numbers, or train without the cache.");
        }
        return before.isPresent();
    }

    private Map<String, INDArray> compute(Map<String, INDArray> placeholders) {
        Map<String, INDArray> own = new LinkedHashMap<>();
        split.prefix(placeholders).forEach((name, array) -> own.put(name, HostBytes.own(array)));
        computed++;
        if (!worthIt) {
            requireWorthIt(own);
            worthIt = true;
        }
        return own;
    }

    private void requireWorthIt(Map<String, INDArray> activations) {
        if (split.description().heavyOps() == 0) {
            long bytes =
                    activations.values().stream().mapToLong(HostBytes::size).sum();
            activations.values().forEach(INDArray::close);
            throw new IllegalArgumentException(
                    "prefix cache: the frozen part below what trains has "
                            + split.description().ops()
                            + " ops and no product, convolution or recurrent layer among them, and"
                            + " keeping its results " + split.description().activations() + " would take " + bytes
                            + " bytes for each batch like the first; expected more to save than to keep. Train without the cache.");
        }
    }

    private Lease ofExamples(BatchIdentity.OfExamples identity, int examples, Map<String, INDArray> placeholders) {
        if (identity.numbers().size() != examples) {
            throw new IllegalArgumentException("prefix cache: a batch of " + examples + " examples has numbers for "
                    + identity.numbers().size() + "; expected one for each.");
        }
        List<Long> shape = shape(placeholders);
        List<ExampleKey> keys = identity.numbers().stream()
                .map(number -> new ExampleKey(number, shape))
                .toList();
        long[] checksums = Checksums.rows(placeholders, split.prefixInputs(), examples);
        List<Integer> missing = new ArrayList<>();
        for (int row = 0; row < examples; row++) {
            if (!isKept(keys.get(row), checksums[row])) {
                missing.add(row);
            }
        }
        if (missing.isEmpty()) {
            reused++;
            return joined(keys);
        }
        Lease all = new Lease(compute(placeholders), true);
        try {
            requireRows(all.arrays(), placeholders, examples);
            for (int row : missing) {
                store.put(keys.get(row), checksums[row], ActivationRows.blocks(all.arrays(), row, examples))
                        .close();
            }
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    private List<Long> shape(Map<String, INDArray> placeholders) {
        List<Long> shape = new ArrayList<>();
        for (String name : split.prefixInputs().stream().sorted().toList()) {
            INDArray array = placeholders.get(name);
            for (int d = 1; d < array.rank(); d++) {
                shape.add(array.size(d));
            }
        }
        return shape;
    }

    private Lease joined(List<ExampleKey> keys) {
        List<Lease> rows = new ArrayList<>();
        try {
            keys.forEach(key -> rows.add(store.get(key)));
            return new Lease(
                    ActivationRows.join(
                            rows.stream().map(Lease::arrays).toList(),
                            split.description().activations()),
                    true);
        } finally {
            rows.forEach(Lease::close);
        }
    }

    private void requireRows(Map<String, INDArray> activations, Map<String, INDArray> placeholders, int examples) {
        ActivationRows.requireBlocks(activations, examples);
        if (!independent && examples > 1) {
            Map<String, INDArray> reversed = ActivationRows.reversed(placeholders, examples);
            Map<String, INDArray> ofReversed = split.prefix(reversed);
            ActivationRows.requireIndependent(activations, ofReversed, examples);
            reversed.values().forEach(INDArray::close);
            independent = true;
        }
    }

    /** What happened so far. */
    public PrefixReport report() {
        return new PrefixReport(
                split.description(), computed, reused, store.memoryBytes(), store.fileBytes(), store.withoutRoom());
    }

    /** Frees what is kept and removes the file. */
    @Override
    public void close() {
        store.close();
    }
}
