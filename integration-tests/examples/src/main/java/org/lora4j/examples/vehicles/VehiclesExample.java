/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.advice.Suitability;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.Route;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.DataFile;
import org.lora4j.examples.Example;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.integration.demonstration.Outputs;
import org.lora4j.model.AdaptedModel;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.train.Warmup;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Traffic signs and driving commands.
 *
 * <p>Arguments: those of {@link Example}.
 */
public final class VehiclesExample {

    private static final DataFile SIGNS = new DataFile(
            "traffic-signs",
            "signs-60.zip",
            "bba6d8faf1cb9bc829c0524087350dc5e183e1c47ef307a30bbf397190bfcbe4",
            "github.com/mapillary/mapillary_sprite_source, of which it is a part");

    private static final String FULL = "full fine-tuning";
    private static final String HEAD = "head alone";
    private static final String BASE = "base as it is";

    /** Pictures of each sign: many for the base, few for what it is adapted to. */
    private static final int OF_BASE = 160;

    private static final int TO_LEARN = 40;
    private static final int TO_CHOOSE = 10;
    private static final int TO_TEST = 20;

    private static final int BASE_EPOCHS = 5;
    private static final int EPOCHS = 8;
    private static final double BASE_RATE = 2e-3;
    private static final double FULL_RATE = 1e-3;
    private static final double LORA_RATE = 5e-3;
    private static final int RANK = 8;
    private static final double[] SHRINKAGES = {0.02, 0.1, 0.3};
    private static final int ROUNDS = 300;

    private static final List<Scene> NEW = List.of(Scene.COUNTRY, Scene.NIGHT, Scene.RAIN);

    private final Example example;
    private final SignDrawings drawings;
    private final Map<Scene, Comparison> comparisons = new EnumMap<>(Scene.class);
    private final Comparison mixed;
    private final Map<String, Object> forgetting = new LinkedHashMap<>();

    /** Set anew for each seed. */
    private long seed;

    private MultiLayerNetwork base;
    private AdaptedNetwork<MultiLayerNetwork> model;
    private Map<Scene, SignSet> tests;
    private Map<Scene, SignSet> choosing;
    private Map<Scene, SignSet> learning;

    private VehiclesExample(Example example, SignDrawings drawings) {
        this.example = example;
        this.drawings = drawings;
        NEW.forEach(scene -> comparisons.put(
                scene, new Comparison("signs, " + scene.word(), "accuracy", example.seed())));
        mixed = new Comparison("signs of all four scenes in turn", "accuracy", example.seed());
    }

    /**
     * Runs the example.
     *
     * @param args as of {@link Example}
     */
    public static void main(String[] args) {
        Example.main("example-vehicles", args, VehiclesExample::run);
    }

    private static void run(Example example) throws IOException {
        Optional<Path> zip = example.data(SIGNS);
        if (zip.isPresent()) {
            new VehiclesExample(example, SignDrawings.read(zip.get())).signs();
        }
        DrivingCommands.run(example);
    }

    private void signs() throws IOException {
        for (long each : example.seeds()) {
            prepare(each);
            for (Scene scene : NEW) {
                adapt(scene);
            }
            requireBase();
            route();
        }
        latency();
        comparisons.values().forEach(example::table);
        example.table(mixed);
        example.figure("accuracy by day after learning something else", forgetting);
        example.say("accuracy by day after learning something else: %s", forgetting);
    }

    private Map<Scene, SignSet> drawn(int each, long of) {
        Map<Scene, SignSet> sets = new EnumMap<>(Scene.class);
        Arrays.stream(Scene.values()).forEach(scene -> sets.put(scene, SignSet.of(drawings, scene, each, of)));
        return sets;
    }

    private void prepare(long each) {
        seed = each;
        learning = drawn(TO_LEARN, 3 * seed);
        choosing = drawn(TO_CHOOSE, 3 * seed + 1);
        tests = drawn(TO_TEST, 3 * seed + 2);
        SignSet day = SignSet.of(drawings, Scene.DAY, OF_BASE, -1 - seed);
        int updates = SignNetwork.updates(day, BASE_EPOCHS);
        example.say("the base learns %d pictures of %d signs by day", day.size(), day.kinds());
        base = SignNetwork.fit(
                SignNetwork.create(day.kinds(), BASE_RATE, updates, seed), day, BASE_EPOCHS, seed);
        model = AdaptedNetwork.of(base);
        tests.forEach((scene, test) -> example.say("the base, %s: %.4f", scene.word(), test.accuracy(base)));
        forgetting.put(BASE + ", seed " + seed, tests.get(Scene.DAY).accuracy(base));
    }

    /** LoRA, the head alone and all weights on one scene. */
    private void adapt(Scene scene) throws IOException {
        SignSet learn = learning.get(scene);
        SignSet test = tests.get(scene);
        Comparison comparison = comparisons.get(scene);
        Suitability forecast = Suitability.beforeTraining(
                        SignNetwork.vectors(base, learn),
                        learn.signs().stream().mapToInt(sign -> sign).toArray())
                .inputs(learn.pictures().toArray(float[][]::new))
                .forecast();
        example.say("%s, before: %s", scene.word(), forecast);

        TrainingResult result = train(scene, learn);
        INDArray said = test.said(model.network());
        comparison.add(Comparison.LORA, test.hits(said));
        comparison.add(BASE, test.hits(test.said(base)));
        comparison.add(HEAD, head(scene));
        MultiLayerNetwork full = SignNetwork.create(learn.kinds(), FULL_RATE, SignNetwork.updates(learn, EPOCHS), seed);
        full.setParams(base.params().dup());
        SignNetwork.fit(full, learn, EPOCHS, seed);
        comparison.add(FULL, test.hits(test.said(full)));
        forgetting.put(scene.word() + ", " + FULL + ", seed " + seed, tests.get(Scene.DAY).accuracy(full));
        forgetting.put(
                scene.word() + ", adapter left on, seed " + seed, tests.get(Scene.DAY).accuracy(model.network()));
        example.say("%s: %s", scene.word(), comparison.verdict());

        Receipt receipt = model.adapter(scene.word()).receipt().orElseThrow();
        example.receipt(scene.word(), receipt);
        example.page(
                scene.word(),
                TrainingReport.of(result)
                        .withTitle("Traffic signs, " + scene.word())
                        .with(PredictedLabels.of(
                                drawings.signs(),
                                test.signs().stream().mapToInt(sign -> sign).toArray(),
                                said.castTo(DataType.DOUBLE).toDoubleMatrix()))
                        .with(model.parameterSummary())
                        .with(comparison.advice(""))
                        .with(forecast.advice())
                        .with(receipt));
    }

    private TrainingResult train(Scene scene, SignSet learn) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(SignNetwork.LAYERS.toArray(String[]::new))
                .bias(BiasTraining.ADAPTED_ONLY)
                .build();
        model.addAdapter(scene.word(), config, seed);
        model.activate(scene.word());
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(EPOCHS)
                .optimizer(AdamW.of(LORA_RATE))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.05)))
                .keepBest(true)
                .seed(seed)
                .build();
        TrainingResult result = Trainer.builder(model.trainable(SignSet.NAMES))
                .plan(plan)
                .validation(Validation.higherIsBetter(
                        "accuracy", () -> choosing.get(scene).accuracy(model.network())))
                .quiet()
                .build()
                .train(Batches.shuffled(learn.batches()));
        model.setTrainable(scene.word(), false);
        return result;
    }

    private double[] head(Scene scene) {
        SignSet test = tests.get(scene);
        LogisticRegression head = LogisticRegression.fit(
                SignNetwork.vectors(base, learning.get(scene)),
                words(learning.get(scene)),
                SignNetwork.vectors(base, choosing.get(scene)),
                words(choosing.get(scene)));
        return Comparison.hits(words(test), head.predict(SignNetwork.vectors(base, test)));
    }

    private List<String> words(SignSet set) {
        return set.signs().stream().map(drawings.signs()::get).toList();
    }

    /** With adapters off, everything is as it was, to the bit. */
    private void requireBase() {
        SignSet day = tests.get(Scene.DAY);
        INDArray before = day.said(base);
        try (AdaptedModel.Disabled off = model.disabled()) {
            if (!Outputs.sameBits(before, day.said(model.network()))) {
                throw new IllegalStateException("adapters off, the network differs from its base; expected the same bits");
            }
        }
        example.say("adapters off: %d pictures by day, every probability as before, to the bit", day.size());
        example.figure("base with adapters off", "the same bits");
    }

    /** A router chooses for each picture; pictures of all scenes come in turn. */
    private void route() throws IOException {
        TaskRouter router = router();
        Map<Scene, INDArray> looks = new EnumMap<>(Scene.class);
        tests.forEach((scene, test) -> looks.put(scene, SignNetwork.looks(base, test)));
        PictureSheet sheet = new PictureSheet();
        Map<String, Object> figures = new LinkedHashMap<>();
        for (Scene scene : Scene.values()) {
            SignSet test = tests.get(scene);
            List<Route> routes = router.route(looks.get(scene));
            int[] said = new int[test.size()];
            for (Scene chosen : Scene.values()) {
                List<Integer> places = new ArrayList<>();
                for (int i = 0; i < routes.size(); i++) {
                    if (routes.get(i).task().equals(chosen.word())) {
                        places.add(i);
                    }
                }
                if (!places.isEmpty()) {
                    INDArray best = test.only(places).said(network(chosen)).argMax(1);
                    for (int i = 0; i < places.size(); i++) {
                        said[places.get(i)] = best.getInt(i);
                    }
                }
            }
            double[] hits = new double[said.length];
            Arrays.setAll(hits, i -> said[i] == test.signs().get(i) ? 1 : 0);
            mixed.add(Comparison.LORA, hits);
            mixed.add("LoRA, scene known", test.hits(test.said(network(scene))));
            mixed.add(BASE, test.hits(test.said(base)));
            double right = routes.stream().filter(route -> route.task().equals(scene.word())).count()
                    / (double) routes.size();
            example.say(
                    "router, %s: %.4f to the right adapter, accuracy %.4f",
                    scene.word(), right, Arrays.stream(hits).average().orElseThrow());
            figures.put(scene.word(), right);
            show(sheet, scene, test, said);
        }
        example.figure("router, share sent to the right adapter, seed " + seed, figures);
        router.save(example.folder().resolve("router.safetensors"));
        Path picture = example.folder().resolve("signs.png");
        sheet.save(picture);
        example.say("what the scenes look like, and the wrong ones, each with the right drawing and the one that was said: %s",
                picture);
    }

    private TaskRouter router() {
        TaskRouter best = null;
        double most = -1;
        for (double shrinkage : SHRINKAGES) {
            TaskRouter router = TaskRouter.mahalanobis(shrinkage);
            for (Scene scene : Scene.values()) {
                SignSet set = learning.get(scene);
                router = router.with(
                        scene.word(),
                        SignNetwork.looks(base, set),
                        set.signs().stream().mapToInt(sign -> sign).toArray());
            }
            double right = 0;
            for (Scene scene : Scene.values()) {
                right += router.route(SignNetwork.looks(base, choosing.get(scene))).stream()
                        .filter(route -> route.task().equals(scene.word()))
                        .count();
            }
            if (right > most) {
                most = right;
                best = router;
            }
        }
        return best;
    }

    /** The base by day, else the base with the adapter of the scene. */
    private MultiLayerNetwork network(Scene scene) {
        if (scene == Scene.DAY) {
            return base;
        }
        model.activate(scene.word());
        return model.network();
    }

    private void show(PictureSheet sheet, Scene scene, SignSet test, int... said) {
        sheet.row();
        for (int i = 0; i < PictureSheet.COLUMNS; i++) {
            sheet.add(PictureSheet.image(test.pictures().get(i)));
        }
        sheet.row();
        for (int i = 0; i < said.length; i++) {
            if (said[i] != test.signs().get(i)) {
                sheet.add(PictureSheet.image(test.pictures().get(i)));
                sheet.add(drawings.drawing(scene.design(), test.signs().get(i)));
                sheet.add(drawings.drawing(scene.design(), said[i]));
            }
        }
    }

    /** What one picture takes, in turns, so that whatever else the machine does meets all. */
    private void latency() {
        INDArray one = tests.get(Scene.NIGHT).dataSets().get(0).getFeatures().getRow(0, true).dup();
        Map<String, MultiLayerNetwork> networks = new LinkedHashMap<>();
        networks.put("base", base);
        networks.put("with an adapter", network(Scene.NIGHT));
        networks.put("adapter merged", model.mergeAndUnload());
        Map<String, double[]> times = new LinkedHashMap<>();
        networks.keySet().forEach(name -> times.put(name, new double[ROUNDS]));
        for (int round = -ROUNDS / 3; round < ROUNDS; round++) {
            for (Map.Entry<String, MultiLayerNetwork> network : networks.entrySet()) {
                long start = System.nanoTime();
                network.getValue().output(one);
                if (round >= 0) {
                    times.get(network.getKey())[round] = (System.nanoTime() - start) / 1e6;
                }
            }
        }
        Map<String, Object> medians = new LinkedHashMap<>();
        times.forEach((name, all) -> {
            Arrays.sort(all);
            medians.put(name, all[ROUNDS / 2]);
        });
        example.figure("milliseconds of one picture, median", medians);
        example.say("one picture, median of %d: %s ms", ROUNDS, medians);
    }
}
