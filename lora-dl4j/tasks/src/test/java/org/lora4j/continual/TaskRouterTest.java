/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class TaskRouterTest {

    private static final double ROUNDING = 1e-12;
    private static final String KEY = "lora4j_task_router";

    @TempDir
    private Path folder;

    private static INDArray rows(double[]... rows) {
        return Nd4j.createFromArray(rows);
    }

    /** Around (0, 0) and (10, 0): widely spread along the second axis, narrowly along the first. */
    private static TaskRouter stretched(TaskRouter empty) {
        return empty.with(
                        "left",
                        rows(new double[] {-1, -8}, new double[] {1, 8}, new double[] {-1, 8}, new double[] {1, -8}))
                .with(
                        "right",
                        rows(new double[] {9, -8}, new double[] {11, 8}, new double[] {9, 8}, new double[] {11, -8}));
    }

    @Test
    void euclidean_goesToTheClosestMean() {
        TaskRouter router = stretched(TaskRouter.euclidean());

        assertThat(router.route(rows(new double[] {3, 4}, new double[] {6, 0})))
                .containsExactly(new Route("left", 25, true), new Route("right", 16, true));
    }

    @Test
    void mahalanobis_countsEachDirectionByItsSpread() {
        TaskRouter router = stretched(TaskRouter.mahalanobis(1e-9));

        Route route = router.route(rows(new double[] {3, 8})).get(0);

        // Scatter diag(8, 512) over 8 - 2 degrees of freedom: 9 / (8/6) + 64 / (512/6). The shrinkage moves the first
        // variance by a relative 3e-8.
        assertThat(route.task()).isEqualTo("left");
        assertThat(route.distance()).isCloseTo(6.75 + 0.75, within(1e-6));
    }

    @Test
    void mahalanobis_fullyShrunk_isEuclideanInUnitsOfTheMeanVariance() {
        TaskRouter router = stretched(TaskRouter.mahalanobis(1));

        // (8 + 512) / 6 / 2 is the mean variance.
        assertThat(router.route(rows(new double[] {3, 4})).get(0).distance())
                .isCloseTo(25 / (520.0 / 12), within(ROUNDING));
    }

    @Test
    void mahalanobis_seesCorrelation() {
        // Around (0, 0) along the diagonal: scatter [[10, 8], [8, 10]] over 4 - 1 degrees.
        TaskRouter router = TaskRouter.mahalanobis(1e-12)
                .with("a", rows(new double[] {2, 1}, new double[] {-2, -1}, new double[] {1, 2}, new double[] {-1, -2
                }));

        // The inverse of [[10, 8], [8, 10]] / 3 is [[10, -8], [-8, 10]] / 12.
        assertThat(router.route(rows(new double[] {1, 1})).get(0).distance()).isCloseTo(4.0 / 12, within(1e-9));
        assertThat(router.route(rows(new double[] {1, -1})).get(0).distance()).isCloseTo(36.0 / 12, within(1e-9));
    }

    @Test
    void with_classes_hasAPrototypeForEach() {
        INDArray corners =
                rows(new double[] {0, 0}, new double[] {10, 0}, new double[] {0, 0.2}, new double[] {10, 0.2});
        TaskRouter means = TaskRouter.euclidean().with("wide", corners).with("middle", rows(new double[] {5, 3}));
        TaskRouter classes = TaskRouter.euclidean()
                .with("wide", corners, new int[] {7, -1, 7, -1})
                .with("middle", rows(new double[] {5, 3}));

        assertThat(means.route(rows(new double[] {5, 2})).get(0)).isEqualTo(new Route("middle", 1, true));
        assertThat(classes.route(rows(new double[] {0, 1})).get(0).task()).isEqualTo("wide");
        assertThat(classes.route(rows(new double[] {0, 1})).get(0).distance()).isCloseTo(0.81, within(ROUNDING));
    }

    @Test
    void gaussians_areToldApartAsOftenAsTheirOverlapAllows() {
        SplittableRandom random = new SplittableRandom(3);
        TaskRouter router = TaskRouter.mahalanobis(0.1);
        double[][] means = {{0, 0, 0}, {4, 0, 0}, {0, 4, 0}};
        for (int task = 0; task < means.length; task++) {
            router = router.with("t" + task, gaussian(random, means[task], 200));
        }
        int right = 0;
        for (int task = 0; task < means.length; task++) {
            String name = "t" + task;
            right += (int) router.route(gaussian(random, means[task], 200)).stream()
                    .filter(route -> route.task().equals(name))
                    .count();
        }

        // Two neighbors at 4 standard deviations are confused with P(z > 2) = 2.3 % each; three pairs, one of them
        // farther.
        assertThat(right / 600.0).isBetween(0.93, 0.99);
    }

    private static INDArray gaussian(SplittableRandom random, double[] mean, int count) {
        double[][] rows = new double[count][mean.length];
        for (double[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = mean[i] + random.nextGaussian();
            }
        }
        return rows(rows);
    }

    @Test
    void order_ofTheTasks_doesNotMatter() {
        INDArray a = rows(new double[] {0, 1}, new double[] {1, 0});
        INDArray b = rows(new double[] {5, 5}, new double[] {6, 7});
        INDArray probe = rows(new double[] {2, 2});

        Route one = TaskRouter.mahalanobis(0.5)
                .with("a", a)
                .with("b", b)
                .route(probe)
                .get(0);
        Route other = TaskRouter.mahalanobis(0.5)
                .with("b", b)
                .with("a", a)
                .route(probe)
                .get(0);

        assertThat(other.task()).isEqualTo(one.task());
        assertThat(other.distance()).isCloseTo(one.distance(), within(ROUNDING));
    }

    @Test
    void calibrated_acceptsTheShareAskedFor_andCallsTheRestUnknown() {
        TaskRouter router = TaskRouter.euclidean().with("a", rows(new double[] {0, 0}));
        List<double[]> held = new ArrayList<>();
        for (int i = 1; i <= 10; i++) {
            held.add(new double[] {i, 0});
        }

        TaskRouter calibrated = router.calibrated(rows(held.toArray(double[][]::new)), 0.8);

        // Squared distances 1, 4, ..., 100; the eighth.
        assertThat(calibrated.threshold()).hasValue(64);
        assertThat(calibrated.route(rows(new double[] {0, 8}, new double[] {0, 8.01})))
                .extracting(Route::known)
                .containsExactly(true, false);
        assertThat(router.threshold()).isEmpty();
        assertThat(router.calibrated(rows(held.toArray(double[][]::new)), 1).threshold())
                .hasValue(100);
    }

    @Test
    void with_afterCalibration_dropsTheThreshold_andWithoutKeepsIt() {
        TaskRouter router = TaskRouter.euclidean()
                .with("a", rows(new double[] {0, 0}))
                .with("b", rows(new double[] {9, 0}))
                .calibrated(rows(new double[] {1, 0}), 1);

        assertThat(router.with("c", rows(new double[] {5, 5})).threshold()).isEmpty();
        assertThat(router.without("a").threshold()).hasValue(1);
        assertThat(router.without("a").route(rows(new double[] {0, 0}))).containsExactly(new Route("b", 81, false));
        assertThatThrownBy(() -> router.without("aa"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no task \"aa\"; closest: \"a\"");
    }

    @Test
    void with_badInput_isRefusedInOneMessage() {
        TaskRouter router = TaskRouter.euclidean().with("a", rows(new double[] {0, 0}));

        assertThatThrownBy(() -> router.with("a", rows(new double[] {0, Double.NaN, 1}), new int[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("TaskRouter: 4 problems")
                .hasMessageContaining("the task \"a\" is known already")
                .hasMessageContaining("features have 3 columns, expected 2")
                .hasMessageContaining("features[0] has numbers that are not finite")
                .hasMessageContaining("2 classes for 1 examples");
        assertThatThrownBy(() -> router.with(" ", null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("task = \" \"")
                .hasMessageContaining("features are null");
        assertThatThrownBy(() -> router.with("b", Nd4j.createFromArray(1, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("features are INT[2]");
    }

    @Test
    void mahalanobis_ofExamplesThatDoNotDiffer_isRefused() {
        TaskRouter router = TaskRouter.mahalanobis(0.1);

        assertThatThrownBy(() -> router.with("a", rows(new double[] {1, 2})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all examples are equal to the prototypes");
        assertThatThrownBy(() -> TaskRouter.mahalanobis(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shrinkage = 0.0");
    }

    @Test
    void emptyRouter_saysWhatToDo() {
        TaskRouter router = TaskRouter.euclidean();

        assertThatThrownBy(() -> router.route(rows(new double[] {1})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tasks, expected one or more; call with(task, features) first");
        assertThatThrownBy(() -> router.save(folder.resolve("r")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("save() without tasks");
        assertThatThrownBy(() -> router.calibrated(rows(new double[] {1}), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("accepted = 0.0");
    }

    @Test
    void load_givesARouterThatRoutesAndLearnsAlike() throws IOException {
        Path file = folder.resolve("router.safetensors");
        for (TaskRouter empty : List.of(TaskRouter.euclidean(), TaskRouter.mahalanobis(0.3))) {
            TaskRouter router = stretched(empty).calibrated(rows(new double[] {2, 3}, new double[] {12, 1}), 0.5);
            INDArray probes = rows(new double[] {3, 8}, new double[] {6, -2}, new double[] {90, 90});
            INDArray third = rows(new double[] {0, 90}, new double[] {1, 91});

            router.save(file);
            TaskRouter loaded = TaskRouter.load(file);

            assertThat(loaded.route(probes)).isEqualTo(router.route(probes));
            assertThat(loaded.tasks()).containsExactly("left", "right");
            assertThat(loaded.threshold()).isEqualTo(router.threshold());
            assertThat(loaded.with("up", third).route(probes))
                    .isEqualTo(router.with("up", third).route(probes));
        }
    }

    private static TensorSource tensor(String name, double[][] rows) {
        return ArrayBytes.source(name, rows(rows), ElementCodec.exactFor(DataType.DOUBLE));
    }

    private void requireRefused(String json, List<TensorSource> tensors, String... messages) throws IOException {
        Path file = folder.resolve("router.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of(KEY, json));

        assertThatThrownBy(() -> TaskRouter.load(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(file.toString())
                .satisfies(e -> {
                    for (String message : messages) {
                        assertThat(e).hasMessageContaining(message);
                    }
                });
    }

    private static final String SOUND =
            "{\"version\":1,\"tasks\":[\"a\"],\"prototypesOfTasks\":[1],\"examples\":2," + "\"examplesFor\":1";

    @Test
    void load_ofAFileThatDoesNotFitItself_saysWhatIsWrong() throws IOException {
        List<TensorSource> one = List.of(tensor("prototypes", new double[][] {{1, 2}}));

        requireRefused("{\"version\":1}", one, "tasks is null", "prototypesOfTasks is null", "no tasks");
        requireRefused(
                "{\"version\":1,\"tasks\":[\"a\",\"a\"],\"prototypesOfTasks\":[0.5],\"examples\":-1,\"examplesFor\":1,"
                        + "\"shrinkage\":0,\"threshold\":-1}",
                one,
                "names of tasks repeat",
                "prototypesOfTasks has 1 numbers",
                "holds 0.5",
                "examples = -1.0",
                "shrinkage = 0.0",
                "threshold = -1.0");
        requireRefused(
                SOUND.replace("[1]", "[1e15]") + "}", one, "\"prototypes\" is F64[1, 2], expected F64[1000000000");
        requireRefused(SOUND + "}", List.of(), "\"prototypes\" is missing");
        requireRefused(SOUND + ",\"shrinkage\":0.5}", one, "\"scatter\" is missing");
        requireRefused(SOUND + "", one, "not valid JSON");
        requireRefused(SOUND + "}", List.of(tensor("prototypes", new double[][] {{1, Double.NaN}})), "not finite");
    }

    @Test
    void load_ofAScatterThatIsNoSumOfSquares_isRefused() throws IOException {
        TensorSource means = tensor("prototypes", new double[][] {{1, 2}});
        String json = SOUND + ",\"shrinkage\":0.01}";

        requireRefused(json, List.of(means, tensor("scatter", new double[][] {{1, 2}, {3, 9}})), "no sum of squares");
        requireRefused(json, List.of(means, tensor("scatter", new double[][] {{1, 5}, {5, 1}})), "no sum of squares");
        requireRefused(json, List.of(means, tensor("scatter", new double[][] {{0, 0}, {0, 0}})), "no sum of squares");
    }

    @Test
    void load_ofALaterVersion_saysSo() throws IOException {
        Path file = folder.resolve("router.safetensors");
        SafetensorsWriter.write(
                file,
                List.of(tensor("prototypes", new double[][] {{1, 2}})),
                Map.of(KEY, SOUND.replace("\"version\":1", "\"version\":2") + "}"));

        assertThatThrownBy(() -> TaskRouter.load(file))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("version 2 of a task router; expected 1");
    }

    @Test
    void load_ofAnotherFile_saysSo() throws IOException {
        Path file = folder.resolve("router.safetensors");
        SafetensorsWriter.write(file, List.of(tensor("x", new double[][] {{1}})), Map.of("format", "pt"));
        Path text = folder.resolve("text");
        Files.writeString(text, "not a router at all");

        assertThatThrownBy(() -> TaskRouter.load(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining("no \"lora4j_task_router\" in the metadata, found \"format\"");
        assertThatThrownBy(() -> TaskRouter.load(text)).isInstanceOf(CorruptAdapterException.class);
    }
}
