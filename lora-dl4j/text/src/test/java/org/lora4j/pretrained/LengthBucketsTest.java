/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.pretrained.PaddedLengths;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;

class LengthBucketsTest {

    /** One id for every character: its code. */
    private static final TextTokenizer CHARACTERS = new TextTokenizer() {
        @Override
        public int[] encode(String text) {
            return text.chars().toArray();
        }

        @Override
        public int maxLength() {
            return 1000;
        }
    };

    static LongStream seeds() {
        return LongStream.range(0, 20);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void epoch_hasEveryExampleExactlyOnce(long seed) {
        LengthBuckets buckets = randomBuckets(seed);

        List<EncodedBatch> batches = all(buckets.epoch(3, seed));

        int[] seen = batches.stream()
                .flatMapToInt(batch -> Arrays.stream(batch.exampleIndices()))
                .sorted()
                .toArray();
        assertThat(seen).isEqualTo(IntStream.range(0, buckets.size()).toArray());
        assertThat(batches).hasSize(buckets.batchesPerEpoch());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void batch_holdsIdsMaskAndLabelOfItsExamples(long seed) {
        List<TextExample> examples = randomExamples(seed);
        LengthBuckets buckets = LengthBuckets.of(examples, CHARACTERS, 4, 5);

        for (EncodedBatch batch : all(buckets.epoch(0, seed))) {
            for (int row = 0; row < batch.size(); row++) {
                TextExample example = examples.get(batch.exampleIndices()[row]);
                int length = (int) batch.ids().size(1);
                double[] ids =
                        Arrays.copyOf(example.text().chars().asDoubleStream().toArray(), length);
                double[] mask = new double[length];
                Arrays.fill(mask, 0, example.text().length(), 1);
                double[] label = new double[4];
                label[example.label()] = 1;
                assertThat(batch.ids().getRow(row).toDoubleVector()).isEqualTo(ids);
                assertThat(batch.mask().getRow(row).toDoubleVector()).isEqualTo(mask);
                assertThat(batch.labels().getRow(row).toDoubleVector()).isEqualTo(label);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void batches_haveAtMostEightLengthsAndTheBatchSize(long seed) {
        LengthBuckets buckets = randomBuckets(seed);

        Set<Long> lengths = new HashSet<>();
        for (EncodedBatch batch : all(buckets.epoch(0, seed))) {
            lengths.add(batch.ids().size(1));
            assertThat(batch.size()).isBetween(1, 5);
        }

        assertThat(lengths).hasSizeBetween(1, 8);
        assertThat(buckets.paddedLengths())
                .containsExactlyElementsOf(
                        lengths.stream().map(Long::intValue).sorted().toList());
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void paddedLengths_haveTheLeastPaddingOfAllSubsets(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] lengths = random.ints(40, 1, 13).toArray();
        int most = random.nextInt(1, 5);

        long found = padding(lengths, PaddedLengths.choose(lengths, most));

        // All subsets of 1..12 with at most that many members.
        long least = IntStream.range(1, 1 << 12)
                .filter(bits -> Integer.bitCount(bits) <= most)
                .mapToObj(bits -> IntStream.rangeClosed(1, 12)
                        .filter(i -> (bits >> (i - 1) & 1) == 1)
                        .toArray())
                .filter(chosen -> chosen[chosen.length - 1]
                        >= Arrays.stream(lengths).max().orElseThrow())
                .mapToLong(chosen -> padding(lengths, chosen))
                .min()
                .orElseThrow();
        assertThat(found).isEqualTo(least);
    }

    @Test
    void paddingRatio_ofAHandCase_isPaddingOverAll() {
        // Nine lengths 1..9 in eight buckets: one pair shares a bucket, which costs one token of 46.
        List<TextExample> examples = IntStream.rangeClosed(1, 9)
                .mapToObj(length -> new TextExample("x".repeat(length), 0))
                .toList();

        LengthBuckets buckets = LengthBuckets.of(examples, CHARACTERS, 2, 4);

        assertThat(buckets.paddingRatio()).isCloseTo(1 / 46.0, within(1e-15));
    }

    @Test
    void epoch_ofEqualSeedAndNumber_isEqualAndOfOthersIsNot() {
        LengthBuckets buckets = randomBuckets(1);

        List<List<Integer>> order = order(buckets.epoch(2, 7));

        assertThat(order(buckets.epoch(2, 7))).isEqualTo(order);
        assertThat(order(buckets.epoch(3, 7))).isNotEqualTo(order);
        assertThat(order(buckets.epoch(2, 8))).isNotEqualTo(order);
        assertThat(order(buckets.epoch(1, 8))).isNotEqualTo(order);
    }

    @Test
    void batches_areThoseOfTheEpoch_forTheTrainerToClose() {
        LengthBuckets buckets = randomBuckets(3);

        List<Batch> batches = new ArrayList<>();
        buckets.batches().epoch(2, 7).forEachRemaining(batches::add);

        List<EncodedBatch> expected = all(buckets.epoch(2, 7));
        assertThat(buckets.batches().batchesPerEpoch()).hasValue(expected.size());
        assertThat(batches.stream().map(Batch::placeholders).toList())
                .isEqualTo(expected.stream().map(EncodedBatch::placeholders).toList());
        assertThat(batches).allMatch(Batch::disposable);
    }

    @Test
    void epoch_mixesExamplesWithinABucketAndTheOrderOfBuckets() {
        LengthBuckets buckets = randomBuckets(2);

        List<EncodedBatch> batches = all(buckets.epoch(0, 1));

        List<Long> lengths = batches.stream().map(batch -> batch.ids().size(1)).toList();
        assertThat(lengths).isNotEqualTo(lengths.stream().sorted().toList());
        assertThat(batches)
                .anySatisfy(batch -> assertThat(batch.exampleIndices())
                        .isNotEqualTo(
                                Arrays.stream(batch.exampleIndices()).sorted().toArray()));
    }

    @Test
    void inOrder_goesFromShortToLongWithExamplesInTheirOrder() {
        List<TextExample> examples = List.of(
                new TextExample("ccc", 0), new TextExample("a", 1), new TextExample("ddd", 0), new TextExample("b", 1));

        List<List<Integer>> order =
                order(LengthBuckets.of(examples, CHARACTERS, 2, 4).inOrder());

        assertThat(order).containsExactly(List.of(1, 3), List.of(0, 2));
    }

    @Test
    void placeholders_areNamedAsTheClassifiersAndOfTheDataTypeAskedFor() {
        LengthBuckets buckets = LengthBuckets.of(List.of(new TextExample("ab", 1)), CHARACTERS, 2, 4, DataType.DOUBLE);

        EncodedBatch batch = buckets.inOrder().next();

        assertThat(batch.placeholders()).containsOnlyKeys("input_ids", "attention_mask", "labels");
        assertThat(batch.placeholders().get("input_ids").dataType()).isEqualTo(DataType.INT32);
        assertThat(batch.placeholders().get("attention_mask").dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(batch.placeholders().get("labels").dataType()).isEqualTo(DataType.DOUBLE);
    }

    @Test
    void of_withSeveralMistakes_namesThemAll() {
        List<TextExample> examples = List.of(new TextExample("a", 0), new TextExample("b", 3));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LengthBuckets.of(examples, CHARACTERS, 3, 0, DataType.INT32))
                .withMessageStartingWith("LengthBuckets: 3 problems: batchSize = 0, expected 1 or more; dataType = INT")
                .withMessageEndingWith("examples[1] has label 3, expected 0 to 2");
    }

    @Test
    void of_withoutExamples_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LengthBuckets.of(List.of(), CHARACTERS, 2, 1))
                .withMessage("LengthBuckets: no examples, expected one or more");
    }

    @Test
    void of_withATextWithoutIds_namesIt() {
        List<TextExample> examples = List.of(new TextExample("a", 0), new TextExample("", 1));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LengthBuckets.of(examples, CHARACTERS, 2, 1))
                .withMessageContaining("the tokenizer gave no ids for examples[1] = \"\"");
    }

    @Test
    void requireFits_withTooLongTextsAndForeignIds_namesThemAll() {
        EncoderConfig config = EncoderConfig.bert(1, 4, 2, 6, 'd', 3, 1);
        LengthBuckets buckets = LengthBuckets.of(
                List.of(new TextExample("abc", 0), new TextExample("aaaa", 0), new TextExample("ad", 1)),
                CHARACTERS,
                2,
                1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> buckets.requireFits(config))
                .withMessage("LengthBuckets: 2 problems: examples[1] has 4 tokens, expected at most 3 (lower the"
                        + " tokenizer's maxLength); examples[2] has the id 100, expected 0 to 99 (use the tokenizer that"
                        + " belongs to the weights)");
    }

    @Test
    void requireFits_ofWhatFits_givesTheBuckets() {
        LengthBuckets buckets = LengthBuckets.of(List.of(new TextExample("abc", 0)), CHARACTERS, 2, 1);

        assertThat(buckets.requireFits(EncoderConfig.bert(1, 4, 2, 6, 'd', 3, 1)))
                .isSameAs(buckets);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void tokenBudget_boundsEveryBatch_andLosesNoExample(long seed) {
        LengthBuckets plain = randomBuckets(seed);
        int longest = plain.paddedLengths().get(plain.paddedLengths().size() - 1);
        int budget = longest + (int) seed;
        LengthBuckets buckets = plain.withTokenBudget(budget);

        List<EncodedBatch> batches = all(buckets.epoch(1, seed));

        assertThat(batches)
                .hasSize(buckets.batchesPerEpoch())
                .allSatisfy(batch -> assertThat(batch.ids().length()).isLessThanOrEqualTo(budget));
        assertThat(batches.stream()
                        .flatMapToInt(batch -> Arrays.stream(batch.exampleIndices()))
                        .sorted()
                        .toArray())
                .isEqualTo(IntStream.range(0, buckets.size()).toArray());
    }

    @Test
    void tokenBudget_putsMoreShortTextsThanLongOnesInABatch() {
        List<TextExample> examples = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            examples.add(new TextExample(i < 7 ? "ab" : "abcdef", 0));
        }
        LengthBuckets buckets = LengthBuckets.of(examples, CHARACTERS, 2, 1).withTokenBudget(13);

        // 13 / 2 = 6 short texts, 13 / 6 = 2 long ones.
        assertThat(all(buckets.inOrder()).stream().map(EncodedBatch::size)).containsExactly(6, 1, 2, 2, 1);
    }

    @Test
    void tokenBudget_belowTheLongestText_isRefusedWithItsLength() {
        LengthBuckets buckets = LengthBuckets.of(List.of(new TextExample("abcdef", 0)), CHARACTERS, 2, 1);

        assertThat(buckets.withTokenBudget(6).batchesPerEpoch()).isEqualTo(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> buckets.withTokenBudget(5))
                .withMessageContaining("tokens = 5, expected at least 6");
    }

    @Test
    void textExample_withANegativeLabel_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextExample("a", -1))
                .withMessage("TextExample: text = \"a\", label = -1; expected a text and a label of 0 or more.");
    }

    private static LengthBuckets randomBuckets(long seed) {
        return LengthBuckets.of(randomExamples(seed), CHARACTERS, 4, 5);
    }

    private static List<TextExample> randomExamples(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = random.nextInt(60, 120);
        return IntStream.range(0, count)
                .mapToObj(i -> new TextExample(
                        Character.toString('a' + random.nextInt(26)).repeat(random.nextInt(1, 40)), random.nextInt(4)))
                .toList();
    }

    private static long padding(int[] lengths, int[] chosen) {
        return Arrays.stream(lengths)
                .mapToLong(length ->
                        Arrays.stream(chosen).filter(c -> c >= length).min().orElseThrow() - length)
                .sum();
    }

    private static List<List<Integer>> order(Iterator<EncodedBatch> batches) {
        return all(batches).stream()
                .map(batch -> Arrays.stream(batch.exampleIndices()).boxed().toList())
                .toList();
    }

    private static List<EncodedBatch> all(Iterator<EncodedBatch> batches) {
        List<EncodedBatch> all = new ArrayList<>();
        batches.forEachRemaining(all::add);
        return all;
    }
}
