/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.language.DecoderConfigReader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Against transformers, and against itself in other orders of the same work. */
class DecodeSessionTest {

    private static final int BOTH = 2;
    private static final double ROUNDING = 1e-5;

    private static List<String> cases() {
        return GoldenModel.names().toList();
    }

    private static DecodeSession open(GoldenModel golden) {
        return new DecodeSession(golden.model(), ModuleUpdates.NONE, BOTH);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void score_ofTwoPromptsSideBySide_givesLogitsOfTransformers(String name) {
        GoldenModel golden = GoldenModel.of(name);

        try (DecodeSession session = open(golden)) {
            assertLogits(golden, session, SequenceState.NO_ADAPTER, "right.logits");
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void score_withAdapter_givesLogitsOfPeft(String name) {
        GoldenModel golden = GoldenModel.of(name);

        try (DecodeSession session = new DecodeSession(golden.model(), golden.adapter("adapter-all"), BOTH)) {
            assertLogits(golden, session, 0, "adapter-all.logits");
            assertLogits(golden, session, SequenceState.NO_ADAPTER, "right.logits");
        }
    }

    private static void assertLogits(GoldenModel golden, DecodeSession session, int adapter, String key) {
        int[][] prompts = golden.prompts();
        double[] expected = golden.floats(key);
        int vocabulary = golden.config().vocabulary();
        int length = expected.length / prompts.length / vocabulary;
        int[] which = new int[prompts.length];
        Arrays.setAll(which, i -> session.add(adapter));
        double[] worst = {0};
        int[] seen = {0};
        session.score(which, prompts, (sequence, position, logits) -> {
            int row = Arrays.stream(which).boxed().toList().indexOf(sequence) * length + position;
            for (int i = 0; i < vocabulary; i++) {
                worst[0] = Math.max(worst[0], Math.abs(logits[i] - expected[row * vocabulary + i]));
            }
            seen[0]++;
        });
        assertThat(seen[0])
                .isEqualTo(Arrays.stream(prompts).mapToInt(p -> p.length).sum());
        assertThat(worst[0]).isLessThan(golden.tolerance());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void feed_ofGreedyTokens_givesTextOfTransformers(String name) {
        GoldenModel golden = GoldenModel.of(name);
        long[] expected = golden.ids("generate.ids");
        int[][] prompts = golden.prompts();
        int steps = expected.length / prompts.length;

        try (DecodeSession session = open(golden)) {
            int[][] found = greedy(session, prompts, SequenceState.NO_ADAPTER, steps);
            assertThat(Arrays.stream(found)
                            .flatMapToInt(Arrays::stream)
                            .asLongStream()
                            .toArray())
                    .isEqualTo(expected);
        }
    }

    private static int[][] greedy(DecodeSession session, int[][] prompts, int adapter, int steps) {
        int[] which = new int[prompts.length];
        Arrays.setAll(which, i -> session.add(adapter));
        int[][] found = new int[prompts.length][steps];
        int[][] next = prompts;
        for (int step = 0; step < steps; step++) {
            float[][] logits = session.feed(which, next);
            next = new int[prompts.length][1];
            for (int i = 0; i < prompts.length; i++) {
                found[i][step] = best(logits[i]);
                next[i][0] = found[i][step];
            }
        }
        return found;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void feed_tokenByToken_givesWhatThePromptAtOnceGives(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 40);

        try (DecodeSession session = open(golden)) {
            float[] atOnce = session.feed(new int[] {session.add()}, new int[][] {ids})[0].clone();
            int slow = session.add();
            float[] last = null;
            for (int id : ids) {
                last = session.feed(new int[] {slow}, new int[][] {{id}})[0];
            }
            assertClose(last, atOnce, ROUNDING);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void step_ofManySequences_givesWhatEachGivesAlone(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 40);

        // 4 to 16 rows are columns of one register, more of several, and some hundred a product of matrices.
        for (int count : new int[] {5, 16, 17, 150}) {
            try (DecodeSession session = new DecodeSession(golden.model(), golden.adapter("adapter-all"), BOTH)) {
                int[] which = new int[count];
                int[][] next = new int[count][];
                for (int i = 0; i < count; i++) {
                    which[i] = session.add(i % 3 == 1 ? 0 : SequenceState.NO_ADAPTER);
                    next[i] = new int[] {ids[i % ids.length]};
                }
                float[][] together = copy(session.feed(which, next));
                for (int i = 0; i < Math.min(count, 6); i++) {
                    int alone = session.add(i % 3 == 1 ? 0 : SequenceState.NO_ADAPTER);
                    assertClose(session.feed(new int[] {alone}, new int[][] {next[i]})[0], together[i], ROUNDING);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void step_ofSomeTokensAtATime_givesWhatThePromptAtOnceGives(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 40);

        try (DecodeSession session = open(golden)) {
            float[] atOnce = session.feed(new int[] {session.add()}, new int[][] {ids})[0].clone();
            int[] both = {session.add(), session.add()};
            session.append(both, new int[][] {ids, Arrays.copyOf(ids, 3)});
            assertThat(session.step(both, new int[] {7, 3})[0]).isNull();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> session.step(both, new int[] {1, 1}))
                    .withMessageContaining("expected 1 to 0");
            session.append(new int[] {both[1]}, new int[][] {{5}});
            while (session.pending(both[0]) > 9) {
                assertThat(session.step(new int[] {both[0]}, new int[] {9})[0]).isNull();
            }
            float[][] last = session.step(both, new int[] {session.pending(both[0]), 1});
            assertClose(last[0], atOnce, ROUNDING);
            assertThat(last[1]).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void session_thatWasPrepared_takesNoMoreThanItsRoom(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 30);

        try (DecodeSession session = new DecodeSession(golden.model(), golden.adapter("adapter-all"), BOTH)) {
            session.prepare(32, 2);
            long rows = session.bytes();
            int[] which = {session.add(0), session.add()};
            session.reserve(which[0], 33);
            session.reserve(which[1], 9);
            long most = rows + session.bytesOf(33) + session.bytesOf(9);
            assertThat(session.bytes()).isEqualTo(most);
            session.feed(which, new int[][] {ids, {1, 2}});
            for (int i = 0; i < 3; i++) {
                session.feed(which, new int[][] {{i}, {i}});
            }
            assertThat(session.bytes()).isEqualTo(most);
            session.remove(which[0]);
            session.forget(0);
            assertThat(session.bytes()).isEqualTo(rows + session.bytesOf(9));
            float[] again = session.feed(new int[] {session.add(0)}, new int[][] {ids})[0].clone();
            float[] alone = session.feed(new int[] {session.add(0)}, new int[][] {ids})[0];
            assertClose(again, alone, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void feed_ofUnequalSequences_givesWhatEachGivesAlone(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 30);
        int[][] several = {Arrays.copyOf(ids, 17), Arrays.copyOfRange(ids, 3, 4), Arrays.copyOfRange(ids, 5, 30)};

        try (DecodeSession session = open(golden)) {
            int[] which = {session.add(), session.add(), session.add()};
            session.feed(which, several);
            float[][] found = copy(session.feed(which, new int[][] {{1}, {2}, {3}}));
            for (int i = 0; i < several.length; i++) {
                int[] alone = {session.add()};
                session.feed(alone, new int[][] {several[i]});
                float[][] expected = session.feed(alone, new int[][] {{i + 1}});
                assertClose(found[i], expected[0], ROUNDING);
                session.remove(alone[0]);
            }
        }
    }

    @Test
    void feed_ofOneTokenEach_givesTheBitsThatEachGivesAlone() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int[] ids = tokens(golden, 12);

        try (DecodeSession session = open(golden)) {
            int[] both = {session.add(), session.add()};
            int[] alone = {session.add()};
            for (int i = 0; i + 1 < ids.length; i++) {
                float[] found = session.feed(both, new int[][] {{ids[i]}, {ids[i + 1]}})[0].clone();
                assertThat(session.feed(alone, new int[][] {{ids[i]}})[0]).containsExactly(found);
            }
        }
    }

    @Test
    void feed_withAnAdapterForEachSequence_givesWhatEachGivesAlone() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int[] ids = tokens(golden, 9);

        try (DecodeSession session = new DecodeSession(golden.model(), golden.adapter("adapter-all"), BOTH)) {
            int[] which = {session.add(0), session.add(), session.add(0)};
            float[][] found = copy(session.feed(which, new int[][] {ids, ids, ids}));
            float[] base = session.feed(new int[] {session.add()}, new int[][] {ids})[0].clone();
            float[] adapted = session.feed(new int[] {session.add(0)}, new int[][] {ids})[0].clone();
            assertClose(found[0], adapted, ROUNDING);
            assertClose(found[1], base, ROUNDING);
            assertClose(found[2], adapted, ROUNDING);
            assertThat(Math.abs(base[0] - adapted[0])).isGreaterThan(1e-3f);
        }
    }

    @Test
    void feed_withReplacedWeights_givesWhatTheModelWithThemGives() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int[] ids = tokens(golden, 9);
        String name = "model.layers.1.mlp.up_proj.weight";
        String norm = "model.norm.weight";
        INDArray doubled = golden.array(name).mul(2);
        INDArray halved = golden.array(norm).mul(0.5);
        ModuleUpdates updates = new ModuleUpdates() {
            @Override
            public List<LowRank> lowRank(int adapter, String module) {
                return List.of();
            }

            @Override
            public Optional<INDArray> replaced(int adapter, String tensor) {
                return Optional.ofNullable(tensor.equals(name) ? doubled : tensor.equals(norm) ? halved : null);
            }
        };
        DecoderTensors other =
                tensor -> tensor.equals(name) ? doubled : tensor.equals(norm) ? halved : golden.array(tensor);

        try (DecodeSession session = new DecodeSession(golden.model(), updates, BOTH);
                DecodeSession expected =
                        new DecodeSession(new DecodeModel(golden.config(), other), ModuleUpdates.NONE, BOTH)) {
            int[] which = {session.add(), session.add(0)};
            float[] found = session.feed(which, new int[][] {ids, ids})[1];
            assertClose(found, expected.feed(new int[] {expected.add()}, new int[][] {ids})[0], ROUNDING);
        }
    }

    @Test
    void feed_beyondTheFirstCapacity_growsIt() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int[] ids = tokens(golden, Math.min(200, golden.config().context()));

        try (DecodeSession session = open(golden)) {
            int[] slow = {session.add()};
            long before = session.bytes();
            float[] last = null;
            for (int i = 0; i < ids.length; i++) {
                last = session.feed(slow, new int[][] {{ids[i]}})[0].clone();
            }
            assertThat(session.bytes()).isGreaterThan(before);
            assertClose(last, session.feed(new int[] {session.add()}, new int[][] {ids})[0], ROUNDING);
        }
    }

    @Test
    void shorten_thenFeed_givesWhatTheShorterSequenceGives() {
        GoldenModel golden = GoldenModel.of("gemma2-basic");
        int[] ids = tokens(golden, 20);

        try (DecodeSession session = open(golden)) {
            int[] which = {session.add()};
            float[] expected = session.feed(which, new int[][] {Arrays.copyOf(ids, 12)})[0].clone();
            session.feed(which, new int[][] {Arrays.copyOfRange(ids, 12, 20)});
            session.shorten(which[0], 11);
            assertClose(session.feed(which, new int[][] {{ids[11]}})[0], expected, ROUNDING);
            assertThat(session.ids(which[0])).containsExactly(Arrays.copyOf(ids, 12));
        }
    }

    @Test
    void feed_acrossTheLengthAtWhichAnglesChange_turnsAllTokensAgain(@TempDir Path directory) throws IOException {
        GoldenModel golden = GoldenModel.of("phi3-partial-rotary");
        ObjectMapper json = new ObjectMapper();
        ObjectNode fields =
                (ObjectNode) json.readTree(golden.file("config.json").toFile());
        double[] factors = new double[golden.config().rotations().get(0).size() / 2];
        ObjectNode scaling = fields.putObject("rope_scaling").put("type", "longrope");
        Arrays.fill(factors, 1);
        scaling.set("short_factor", json.valueToTree(factors));
        Arrays.fill(factors, 3);
        scaling.set("long_factor", json.valueToTree(factors));
        fields.put("original_max_position_embeddings", 16).put("sliding_window", (Integer) null);
        json.writeValue(directory.resolve("config.json").toFile(), fields);
        DecodeModel model = new DecodeModel(DecoderConfigReader.read(directory, 100), golden);
        int[] ids = tokens(golden, 20);

        try (DecodeSession session = new DecodeSession(model, ModuleUpdates.NONE, BOTH)) {
            int[] which = {session.add()};
            float[] shorter = session.feed(which, new int[][] {Arrays.copyOf(ids, 14)})[0].clone();
            float[] last = null;
            for (int i = 14; i < ids.length; i++) {
                last = session.feed(which, new int[][] {{ids[i]}})[0].clone();
            }
            assertClose(last, session.feed(new int[] {session.add()}, new int[][] {ids})[0], ROUNDING);
            session.shorten(which[0], 13);
            assertClose(session.feed(which, new int[][] {{ids[13]}})[0], shorter, ROUNDING);
        }
    }

    @Test
    void feed_byManyThreadsWithTheirOwnSessions_givesTheSame() throws Exception {
        GoldenModel golden = GoldenModel.of("phi3-partial-rotary");
        DecodeModel model = golden.model();
        int[][] prompts = golden.prompts();
        ExecutorService threads = Executors.newFixedThreadPool(6);
        try {
            List<Future<int[][]>> found = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                found.add(threads.submit(() -> {
                    try (DecodeSession session = new DecodeSession(model, ModuleUpdates.NONE, BOTH)) {
                        return greedy(session, prompts, SequenceState.NO_ADAPTER, 24);
                    }
                }));
            }
            for (Future<int[][]> each : found) {
                assertThat(each.get()).isDeepEqualTo(found.get(0).get());
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void feed_ofWhatCannotBe_saysEverythingAndChangesNothing() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int context = golden.config().context();
        int vocabulary = golden.config().vocabulary();

        try (DecodeSession session = open(golden)) {
            int one = session.add();
            int other = session.add();
            session.feed(new int[] {one, other}, new int[][] {{1}, {2}});

            assertThatThrownBy(() -> session.feed(
                            new int[] {one, other, 7, one}, new int[][] {{1, vocabulary}, new int[context], {1}, {}}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            "token 1 for sequence 0 is " + vocabulary + ", expected 0 to " + (vocabulary - 1))
                    .hasMessageContaining(
                            "sequence 1 would have " + (context + 1) + " tokens, expected at most " + context)
                    .hasMessageContaining("sequence 7 is not there")
                    .hasMessageContaining("sequence 0 is named twice")
                    .hasMessageContaining("sequence 0 gets no token");
            assertThat(session.ids(one)).containsExactly(1);
            assertThat(session.ids(other)).containsExactly(2);
        }
    }

    @Test
    void close_countsSessions_andRefusesMore() {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        int before = DecodeSession.openSessions();
        DecodeSession session = open(golden);
        assertThat(DecodeSession.openSessions()).isEqualTo(before + 1);

        session.close();
        session.close();

        assertThat(DecodeSession.openSessions()).isEqualTo(before);
        assertThatThrownBy(session::add)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void feed_withHalfPrecisionWeights_givesWhatTheirFloatsGive(String name) {
        GoldenModel golden = GoldenModel.of(name);
        int[] ids = tokens(golden, 11);
        for (DataType type : List.of(DataType.BFLOAT16, DataType.FLOAT16)) {
            DecoderTensors half = tensor ->
                    golden.array(tensor).rank() == 2 ? golden.array(tensor).castTo(type) : golden.array(tensor);
            DecoderTensors floats = tensor -> half.array(tensor).castTo(DataType.FLOAT);
            assertSame(golden, half, floats, ids);
        }
    }

    static void assertSame(GoldenModel golden, DecoderTensors one, DecoderTensors other, int[] ids) {
        try (DecodeSession session =
                        new DecodeSession(new DecodeModel(golden.config(), one), ModuleUpdates.NONE, BOTH);
                DecodeSession expected =
                        new DecodeSession(new DecodeModel(golden.config(), other), ModuleUpdates.NONE, BOTH)) {
            int[] which = {session.add()};
            int[] same = {expected.add()};
            assertClose(session.feed(which, new int[][] {ids})[0], expected.feed(same, new int[][] {ids})[0], ROUNDING);
            // A single row is multiplied in another way.
            assertClose(session.feed(which, new int[][] {{5}})[0], expected.feed(same, new int[][] {{5}})[0], ROUNDING);
        }
    }

    static int[] tokens(GoldenModel golden, int count) {
        int[] ids = new int[count];
        Arrays.setAll(ids, i -> (7 * i * i + 3 * i + 1) % golden.config().vocabulary());
        return ids;
    }

    private static float[][] copy(float[][] rows) {
        return Arrays.stream(rows).map(float[]::clone).toArray(float[][]::new);
    }

    static void assertClose(float[] found, float[] expected, double most) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            double bound = most * (1 + Math.abs(expected[i]));
            // An assertion for each of millions of values takes longer than what is tested.
            if (!(Math.abs((double) found[i] - expected[i]) <= bound)) {
                assertThat((double) found[i]).as("value " + i).isCloseTo(expected[i], within(bound));
            }
        }
    }
}
