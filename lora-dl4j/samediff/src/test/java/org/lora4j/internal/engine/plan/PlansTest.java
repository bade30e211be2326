/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.factory.Nd4j;

/** Plans without kernels run ND4J's ops, so they give the bits of SameDiff's own session. */
class PlansTest {

    private static final long SEED = 11;

    private final SameDiff sd = SameDiff.create();
    private final Arena arena = new Arena();
    private final Plans plans = new Plans(sd, Map.of(), Optional.empty(), arena, List.of());

    /** Ops from placeholders x, FLOAT [rows, 6], and ids, INT [rows, 2], to results y and z. */
    private record Case(String name, Builder builder) {
        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    private interface Builder {
        void build(SameDiff sd, SDVariable x, SDVariable ids);
    }

    private static SDVariable weight(SameDiff sd, String name, long... shape) {
        return sd.var(name, Nd4j.rand(DataType.FLOAT, shape).subi(0.5));
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case("layers", (sd, x, ids) -> {
                    SDVariable hidden =
                            sd.math().tanh(x.mmul(weight(sd, "w", 6, 4)).add(weight(sd, "b", 4)));
                    hidden.mmul(weight(sd, "v", 4, 3)).rename("y");
                    hidden.mean(1).rename("z");
                }),
                new Case("a result that other ops read", (sd, x, ids) -> {
                    SDVariable y = x.mul(2).rename("y");
                    y.add(1).mul(y).rename("z");
                }),
                new Case("shapes in the graph", (sd, x, ids) -> {
                    SDVariable rows = sd.stridedSlice(x.shape(), new long[] {0}, new long[] {1}, new long[] {1});
                    SDVariable shape = sd.concat(0, rows, sd.constant(Nd4j.createFromArray(2L, 3L)));
                    SDVariable cube = x.reshape(shape);
                    cube.permute(0, 2, 1).rename("y");
                    sd.math().exp(cube).sum(2).rename("z");
                }),
                new Case("views of views, of an input and of a result", (sd, x, ids) -> {
                    SDVariable twice = x.mul(2);
                    SDVariable cube = twice.reshape(-1, 3, 2);
                    sd.expandDims(cube, 1).add(1).rename("y");
                    sd.math().exp(sd.squeeze(sd.expandDims(x, 0), 0)).rename("z");
                    twice.reshape(-1).rename("flat");
                }),
                new Case("lookups", (sd, x, ids) -> {
                    SDVariable table = weight(sd, "table", 9, 5);
                    sd.gather(table, ids, 0).rename("y");
                    SDVariable places = sd.range(sd.constant(0), sd.constant(5), sd.constant(1), DataType.INT32);
                    sd.gather(table, places, 0).rename("z");
                }),
                new Case("masks", (sd, x, ids) -> {
                    SDVariable mask = sd.gt(x, 0.5).castTo(DataType.FLOAT);
                    x.mul(mask).rename("y");
                    ids.castTo(DataType.FLOAT).mul(0.5).rename("z");
                }),
                new Case("several outputs of an op, one unread", (sd, x, ids) -> {
                    SDVariable[] parts = sd.split(x, 3, 1);
                    parts[0].add(parts[2]).rename("y");
                    SDVariable[] moments = sd.math().moments(x, new int[] {1}, false);
                    moments[1].rename("z");
                }),
                new Case("reductions", (sd, x, ids) -> {
                    x.mean(1).rename("y");
                    x.reshape(-1, 2, 3).mean(true, 2).rename("z");
                }),
                new Case("like ops with other attributes", (sd, x, ids) -> {
                    SDVariable cube = sd.math().exp(x.reshape(-1, 2, 3));
                    SDVariable square = cube.mmul(cube.permute(0, 2, 1));
                    SDVariable shares = sd.nn().softmax(cube, 1).add(sd.nn().softmax(cube, 2));
                    sd.concat(1, shares, sd.concat(1, cube, cube)).rename("y");
                    sd.concat(2, cube, cube)
                            .add(square.sum(0, 1, 2))
                            .add(cube.permute(1, 2, 0).sum(true, 0, 1, 2))
                            .rename("z");
                    sd.concat(0, cube.permute(2, 0, 1), cube.permute(2, 0, 1)).rename("flat");
                }),
                new Case("scalars", (sd, x, ids) -> {
                    SDVariable total = x.sum();
                    total.mul(total).rename("y");
                    sd.math().log(total.add(100)).rename("z");
                }),
                new Case("a convolution", (sd, x, ids) -> {
                    SDVariable image = x.reshape(-1, 1, 2, 3);
                    SDVariable kernel = weight(sd, "kernel", 2, 2, 1, 3);
                    sd.cnn()
                            .conv2d(
                                    image,
                                    kernel,
                                    Conv2DConfig.builder().kH(2).kW(2).build())
                            .rename("y");
                    image.std(true, 3).rename("z");
                }));
    }

    @AfterEach
    void giveBack() {
        arena.close();
    }

    private static Map<String, INDArray> inputs(long rows, int seed) {
        Nd4j.getRandom().setSeed(seed);
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put("x", Nd4j.rand(DataType.FLOAT, rows, 6));
        inputs.put("ids", Nd4j.rand(DataType.FLOAT, rows, 2).mul(9).castTo(DataType.INT32));
        return inputs;
    }

    private void build(Builder builder) {
        Nd4j.getRandom().setSeed(SEED);
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 6);
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1, 2);
        builder.build(sd, x, ids);
    }

    private Map<String, INDArray> stock(Map<String, INDArray> inputs, List<String> results) {
        At at = At.builder().operation(Operation.INFERENCE).build();
        return new InferenceSession(sd).output(results, inputs, null, Set.of(), List.of(), at);
    }

    private Map<String, INDArray> planned(Map<String, INDArray> inputs, List<String> results) {
        return plans.find(inputs, results)
                .orElseThrow(() -> new AssertionError(plans.reasonsAgainst()))
                .run(inputs);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void run_givesTheBitsOfTheStockSession_forInputsOfChangingShapes(Case tested) {
        build(tested.builder());
        List<String> results = List.of("y", "z");

        int seed = 0;
        for (long rows : new long[] {3, 3, 8, 1, 3, 8}) {
            Map<String, INDArray> inputs = inputs(rows, seed++);
            Map<String, INDArray> expected = stock(inputs, results);
            Map<String, INDArray> found = planned(inputs, results);
            for (String result : results) {
                assertThat(found.get(result).shape())
                        .isEqualTo(expected.get(result).shape());
                assertThat(found.get(result).dataType())
                        .isEqualTo(expected.get(result).dataType());
                assertThat(found.get(result).dup().data().asDouble())
                        .isEqualTo(expected.get(result).dup().data().asDouble());
            }
        }
    }

    @Test
    void run_leavesTheResultsOfAnEarlierRunAlone() {
        build((graph, x, ids) -> x.mul(2).rename("y").add(1).rename("z"));
        Map<String, INDArray> first = planned(inputs(4, 1), List.of("y", "z"));
        INDArray before = first.get("y").dup();

        planned(inputs(4, 2), List.of("y", "z"));
        planned(inputs(40, 2), List.of("y", "z"));

        assertThat(first.get("y")).isEqualTo(before);
    }

    @Test
    void run_seesWeightsThatChangeInPlace_andOnesThatAreReplaced() {
        build((graph, x, ids) -> x.mmul(weight(graph, "w", 6, 3)).rename("y"));
        Map<String, INDArray> inputs = inputs(4, 1);
        planned(inputs, List.of("y"));

        sd.getVariable("w").getArr().muli(3);
        assertThat(planned(inputs, List.of("y"))).isEqualTo(stock(inputs, List.of("y")));

        sd.getVariable("w").setArray(Nd4j.ones(DataType.FLOAT, 6, 3));
        assertThat(planned(inputs, List.of("y"))).isEqualTo(stock(inputs, List.of("y")));

        sd.getVariable("w").setArray(Nd4j.ones(DataType.FLOAT, 6, 5));
        assertThat(planned(inputs, List.of("y")).get("y").shape()).containsExactly(4, 5);
    }

    @Test
    void find_afterAnIntegerConstantChanged_isAnotherPlan() {
        INDArray shape = Nd4j.createFromArray(-1L, 3L);
        build((graph, x, ids) ->
                x.add(1).reshape(graph.constant("shape", shape)).add(1).rename("y"));
        planned(inputs(4, 1), List.of("y"));

        shape.putScalar(1, 2L);

        assertThat(planned(inputs(4, 1), List.of("y")).get("y").shape()).containsExactly(12, 2);
    }

    @Test
    void find_whereAnInputShapesTheResult_makesAPlanForItsValue() {
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 6);
        x.add(1).reshape(sd.placeHolder("shape", DataType.INT64, -1)).rename("y");
        INDArray data = Nd4j.ones(DataType.FLOAT, 4, 6);

        for (long columns : new long[] {3, 2, 3}) {
            Map<String, INDArray> inputs = Map.of("x", data, "shape", Nd4j.createFromArray(-1L, columns));
            assertThat(planned(inputs, List.of("y")).get("y").shape()).containsExactly(24 / columns, columns);
        }
        assertThat(plans.shapes(Map.of("x", data, "shape", Nd4j.createFromArray(24L, 1L)), List.of("y"))
                        .orElseThrow()
                        .ofValues())
                .isTrue();
    }

    @Test
    void find_whereAnInputIsData_isTheSamePlanForAllItsValues() {
        SDVariable table = weight(sd, "table", 9, 5);
        sd.gather(table, sd.placeHolder("ids", DataType.INT32, -1), 0).rename("y");
        Map<String, INDArray> first = Map.of("ids", Nd4j.createFromArray(1, 2));
        Map<String, INDArray> second = Map.of("ids", Nd4j.createFromArray(3, 0));

        Plan plan = plans.find(first, List.of("y")).orElseThrow();

        assertThat(plans.find(second, List.of("y"))).containsSame(plan);
        assertThat(plan.run(second)).isEqualTo(stock(second, List.of("y")));
    }

    @Test
    void run_ofALongChain_needsTheMemoryOfTwoValues() {
        build((graph, x, ids) -> {
            SDVariable y = x;
            for (int i = 0; i < 30; i++) {
                y = graph.math().sin(y);
            }
            y.sum().rename("y");
        });
        Map<String, INDArray> inputs = inputs(100, 1);

        Plan plan = plans.find(inputs, List.of("y")).orElseThrow();

        assertThat(plan.bytes()).isBetween(2 * 2400L, 2 * 2400L + 4 * Arena.ALIGNMENT);
        assertThat(plan.run(inputs)).isEqualTo(stock(inputs, List.of("y")));
    }

    @Test
    void shapes_areThoseOfAllVariables() {
        build((graph, x, ids) ->
                x.mmul(weight(graph, "w", 6, 3)).rename("y").reshape(-1, 1).rename("z"));

        Map<String, long[]> shapes =
                plans.shapes(inputs(4, 1), List.of("z")).orElseThrow().shapes();

        assertThat(shapes.get("y")).containsExactly(4, 3);
        assertThat(shapes.get("z")).containsExactly(12, 1);
        assertThat(shapes.get("w")).containsExactly(6, 3);
    }

    static Stream<Case> casesWithoutAPlan() {
        return Stream.of(
                new Case(
                        "is not a computation",
                        (sd, x, ids) ->
                                sd.random().uniform(0, 1, DataType.FLOAT, 3).rename("y")),
                new Case(
                        "may depend on the value of \"reshape\"",
                        (sd, x, ids) -> sd.create(ids.reshape(-1), DataType.FLOAT, "c", true)
                                .rename("y")));
    }

    @ParameterizedTest
    @MethodSource("casesWithoutAPlan")
    void find_ofWhatHasNone_saysWhy(Case tested) {
        build(tested.builder());

        assertThat(plans.find(inputs(2, 1), List.of("y"))).isEmpty();
        assertThat(plans.reasonsAgainst().get(List.of("y"))).contains(tested.name());
    }

    @Test
    void steps_ofAPlanThatIsWatched_areToldInOrderAndRunOnce() {
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 6);
        x.mmul(weight(sd, "w", 6, 4)).add(weight(sd, "b", 4)).rename("y");
        Map<String, INDArray> inputs = Map.of("x", Nd4j.rand(DataType.FLOAT, 3, 6));
        Plan plan = plans.find(inputs, List.of("y")).orElseThrow();
        INDArray unwatched = plan.run(inputs).get("y");

        List<PlanStep> told = new ArrayList<>();
        INDArray watched;
        Plan.watch((step, work) -> {
            told.add(step);
            work.run();
        });
        try {
            watched = plan.run(inputs).get("y");
        } finally {
            Plan.watch(null);
        }
        plan.run(inputs);

        assertThat(watched).isEqualTo(unwatched);
        assertThat(told).containsExactlyElementsOf(plan.steps());
        assertThat(told).extracting(PlanStep::work).containsExactly("matmul", "add");
        assertThat(told).extracting(PlanStep::multiplications).containsExactly(3L * 6 * 4, 0L);
        assertThat(plan.describe())
                .contains("y [[3, 4]] = add(", "matmul([3, 6], weight [6, 4])", System.lineSeparator());
    }
}
