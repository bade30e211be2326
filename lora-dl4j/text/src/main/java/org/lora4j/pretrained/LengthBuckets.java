/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.pretrained.PaddedLengths;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.cache.BatchIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches of examples of similar length, so that short texts do not pay for long ones.
 *
 * <p>At most {@value #MOST_BUCKETS} padded lengths are chosen, those with the least padding for these examples. Few
 * different shapes also let the memory of one step serve the next. Within a bucket the examples of a batch are drawn at
 * random, and the batches of all buckets come in random order.
 *
 * <p><i>State.</i> Immutable; encoding happens once, at creation. <i>Threads.</i> Safe; every iterator belongs to one
 * thread.
 *
 * @apiNote Status: stable
 */
public final class LengthBuckets {

    private static final Logger LOG = LoggerFactory.getLogger(LengthBuckets.class);

    /** The most padded lengths. */
    public static final int MOST_BUCKETS = 8;

    private final int[][] ids;
    private final int[] labels;
    private final int classes;
    private final int batchSize;
    private final int tokenBudget;
    private final DataType dataType;
    private final int[] paddedLengths;
    private final List<List<Integer>> buckets;
    private final int cutTexts;

    private LengthBuckets(
            int[][] ids, int[] labels, int classes, int batchSize, int tokenBudget, DataType dataType, int cutTexts) {
        this.cutTexts = cutTexts;
        this.ids = ids;
        this.labels = labels;
        this.classes = classes;
        this.batchSize = batchSize;
        this.tokenBudget = tokenBudget;
        this.dataType = dataType;
        int[] lengths = Arrays.stream(ids).mapToInt(example -> example.length).toArray();
        paddedLengths = PaddedLengths.choose(lengths, MOST_BUCKETS);
        buckets = new ArrayList<>();
        for (int i = 0; i < paddedLengths.length; i++) {
            buckets.add(new ArrayList<>());
        }
        for (int example = 0; example < lengths.length; example++) {
            int found = Arrays.binarySearch(paddedLengths, lengths[example]);
            buckets.get(found >= 0 ? found : -found - 1).add(example);
        }
    }

    /**
     * Encodes examples and groups them, for a classifier in FLOAT.
     *
     * @param examples the examples, at least one
     * @param tokenizer makes ids of the texts
     * @param classes number of classes; every label is below it
     * @param batchSize examples in a batch, 1 or more; the last batch of a bucket may have fewer
     * @return the buckets
     * @throws IllegalArgumentException if there are no examples, a label is not below {@code classes} or a number is out
     *     of its range, and the message lists every problem; or if the tokenizer gives no ids for a text
     */
    public static LengthBuckets of(List<TextExample> examples, TextTokenizer tokenizer, int classes, int batchSize) {
        return of(examples, tokenizer, classes, batchSize, DataType.FLOAT);
    }

    /**
     * Encodes examples and groups them.
     *
     * @param examples the examples, at least one
     * @param tokenizer makes ids of the texts
     * @param classes number of classes; every label is below it
     * @param batchSize examples in a batch, 1 or more; the last batch of a bucket may have fewer
     * @param dataType data type of masks and labels: that of the classifier's weights
     * @return the buckets
     * @throws IllegalArgumentException if there are no examples, a label is not below {@code classes} or a number is out
     *     of its range, and the message lists every problem; or if the tokenizer gives no ids for a text
     */
    public static LengthBuckets of(
            List<TextExample> examples, TextTokenizer tokenizer, int classes, int batchSize, DataType dataType) {
        Objects.requireNonNull(tokenizer, "LengthBuckets: tokenizer is null; expected that of the model");
        requireValid(examples, classes, batchSize, dataType);
        int cutTexts = 0;
        int[][] ids = new int[examples.size()][];
        int[] labels = new int[examples.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = tokenizer.encode(examples.get(i).text());
            labels[i] = examples.get(i).label();
            cutTexts += ids[i].length >= tokenizer.maxLength()
                            && tokenizer.cuts(examples.get(i).text())
                    ? 1
                    : 0;
            if (ids[i].length == 0) {
                throw new IllegalArgumentException("LengthBuckets: the tokenizer gave no ids for examples[" + i + "] = "
                        + MessageText.name(examples.get(i).text())
                        + "; expected 1 or more. Let it add the special tokens.");
            }
        }
        if (cutTexts > 0) {
            LOG.info(
                    "{} of {} texts are longer than {} tokens and were cut",
                    cutTexts,
                    ids.length,
                    tokenizer.maxLength());
        }
        return new LengthBuckets(ids, labels, classes, batchSize, Integer.MAX_VALUE, dataType, cutTexts);
    }

    /**
     * The same examples in batches of a number of tokens: of a short bucket more examples go into a batch than of a long
     * one, so that every step has about the same work, and a long text the same memory. The number of examples no longer
     * bounds a batch; every batch counts as one step, however many examples it has.
     *
     * @param tokens maximum number of tokens in a batch, padding included; at least the longest text
     * @return the buckets
     * @throws IllegalArgumentException if a text alone has more tokens
     */
    public LengthBuckets withTokenBudget(int tokens) {
        int longest = paddedLengths[paddedLengths.length - 1];
        Problems problems = new Problems();
        problems.check(
                tokens >= longest,
                "tokens = " + tokens + ", expected at least " + longest
                        + ", which the longest text has alone; raise it," + " or lower the tokenizer's maxLength");
        problems.throwIfAny("LengthBuckets");
        return new LengthBuckets(ids, labels, classes, Integer.MAX_VALUE, tokens, dataType, cutTexts);
    }

    /**
     * Checks once that an encoder takes everything in these buckets. ND4J does not check the rows that a graph asks of a
     * table: what is too long or has too large an id reads foreign memory or ends the process.
     *
     * @param config the shape of the encoder
     * @return this
     * @throws IllegalArgumentException if a sequence is longer than the position table allows or an id is outside the word
     *     table; the message lists every problem
     */
    public LengthBuckets requireFits(EncoderConfig config) {
        Problems problems = new Problems();
        for (int i = 0; i < ids.length; i++) {
            if (ids[i].length > config.longestSequence()) {
                problems.add("examples[" + i + "] has " + ids[i].length + " tokens, expected at most "
                        + config.longestSequence() + " (lower the tokenizer's maxLength)");
            }
            for (int id : ids[i]) {
                if (id < 0 || id >= config.vocabulary()) {
                    problems.add("examples[" + i + "] has the id " + id + ", expected 0 to " + (config.vocabulary() - 1)
                            + " (use the tokenizer that belongs to the weights)");
                    break;
                }
            }
        }
        problems.throwIfAny("LengthBuckets");
        return this;
    }

    /**
     * All examples once, shuffled.
     *
     * @param epoch number of the epoch; equal seed and epoch give equal batches in equal order
     * @param seed the run's seed
     * @return the batches; arrays are made when asked for
     */
    public Iterator<EncodedBatch> epoch(int epoch, long seed) {
        return encoded(shuffledParts(epoch, seed)).iterator();
    }

    /**
     * All examples as the training loop takes them: every {@link #epoch} once, its arrays closed as soon as they are used.
     *
     * @return the source of batches for a trainer
     */
    public Batches batches() {
        return new Batches() {
            @Override
            public Iterator<Batch> epoch(int epoch, long seed) {
                return encoded(shuffledParts(epoch, seed))
                        .map(batch -> Batch.disposable(batch.placeholders(), batch.size())
                                .identifiedBy(new BatchIdentity.OfExamples(Arrays.stream(batch.exampleIndices())
                                        .mapToObj(Long::valueOf)
                                        .toList())))
                        .iterator();
            }

            @Override
            public OptionalLong batchesPerEpoch() {
                return OptionalLong.of(LengthBuckets.this.batchesPerEpoch());
            }

            @Override
            public String description() {
                return summary();
            }
        };
    }

    /**
     * All examples once, from the shortest bucket to the longest and in their own order: for evaluation.
     *
     * @return the batches; arrays are made when asked for
     */
    public Iterator<EncodedBatch> inOrder() {
        return encoded(cut(buckets)).iterator();
    }

    /**
     * The lengths to which sequences are padded.
     *
     * @return ascending, one to {@value #MOST_BUCKETS} of them
     */
    public List<Integer> paddedLengths() {
        return Arrays.stream(paddedLengths).boxed().toList();
    }

    /**
     * The share of padding in everything that goes through the encoder.
     *
     * @return padding / (tokens + padding), 0 or more and below 1
     */
    public double paddingRatio() {
        long tokens = 0;
        for (int[] example : ids) {
            tokens += example.length;
        }
        long padded = 0;
        for (int i = 0; i < paddedLengths.length; i++) {
            padded += (long) paddedLengths[i] * buckets.get(i).size();
        }
        return (padded - tokens) / (double) padded;
    }

    /**
     * The number of examples.
     *
     * @return 1 or more
     */
    public int size() {
        return ids.length;
    }

    /**
     * The number of batches in an epoch.
     *
     * @return 1 or more
     */
    public int batchesPerEpoch() {
        return cut(buckets).size();
    }

    /**
     * How many texts were longer than the tokenizer's {@link TextTokenizer#maxLength()} and lost their end.
     *
     * @return their number, 0 to {@link #size()}
     */
    public int cutTexts() {
        return cutTexts;
    }

    private static void requireValid(List<TextExample> examples, int classes, int batchSize, DataType dataType) {
        Objects.requireNonNull(examples, "LengthBuckets: examples are null; expected a list of texts with labels");
        Problems problems = new Problems();
        if (examples.isEmpty()) {
            problems.add("no examples, expected one or more");
        }
        problems.atLeast("classes", classes, 2);
        problems.atLeast("batchSize", batchSize, 1);
        if (dataType != DataType.FLOAT && dataType != DataType.DOUBLE) {
            problems.add("dataType = " + dataType + ", expected FLOAT or DOUBLE");
        }
        for (int i = 0; i < examples.size(); i++) {
            if (examples.get(i).label() >= classes) {
                problems.add("examples[" + i + "] has label " + examples.get(i).label() + ", expected 0 to "
                        + (classes - 1));
            }
        }
        problems.throwIfAny("LengthBuckets");
    }

    private List<Part> cut(List<List<Integer>> examplesPerBucket) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < paddedLengths.length; i++) {
            List<Integer> examples = examplesPerBucket.get(i);
            int most = Math.min(Math.min(batchSize, tokenBudget / paddedLengths[i]), examples.size());
            for (int from = 0; from < examples.size(); from += most) {
                int to = Math.min(from + most, examples.size());
                parts.add(new Part(paddedLengths[i], examples.subList(from, to)));
            }
        }
        return parts;
    }

    private List<Part> shuffledParts(int epoch, long seed) {
        // Mixed through a generator, so that epoch 1 of seed 0 is not epoch 0 of seed 1.
        Random random = new Random(new SplittableRandom(seed).nextLong() + 0x9E3779B97F4A7C15L * epoch);
        List<List<Integer>> shuffled = new ArrayList<>();
        for (List<Integer> bucket : buckets) {
            List<Integer> examples = new ArrayList<>(bucket);
            Collections.shuffle(examples, random);
            shuffled.add(examples);
        }
        List<Part> parts = cut(shuffled);
        Collections.shuffle(parts, random);
        return parts;
    }

    private Stream<EncodedBatch> encoded(List<Part> parts) {
        return parts.stream().map(this::batch);
    }

    private EncodedBatch batch(Part part) {
        int size = part.examples().size();
        int[][] paddedIds = new int[size][part.paddedLength()];
        double[][] mask = new double[size][part.paddedLength()];
        double[][] oneHot = new double[size][classes];
        int[] indices = new int[size];
        for (int row = 0; row < size; row++) {
            int example = part.examples().get(row);
            indices[row] = example;
            System.arraycopy(ids[example], 0, paddedIds[row], 0, ids[example].length);
            Arrays.fill(mask[row], 0, ids[example].length, 1);
            oneHot[row][labels[example]] = 1;
        }
        INDArray idArray = Nd4j.createFromArray(paddedIds);
        return new EncodedBatch(idArray, array(mask), array(oneHot), indices);
    }

    private INDArray array(double[][] values) {
        return Nd4j.createFromArray(values).castTo(dataType);
    }

    /** The examples of one batch, before they become arrays. */
    private record Part(int paddedLength, List<Integer> examples) {}

    private String summary() {
        return size() + " texts padded to " + paddedLengths() + " tokens, "
                + String.format(Locale.ROOT, "%.0f %% of all is padding, ", 100 * paddingRatio()) + cutTexts + " cut, "
                + batchesPerEpoch() + " batches";
    }

    @Override
    public String toString() {
        return "LengthBuckets[" + summary() + "]";
    }
}
