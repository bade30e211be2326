/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.io.IOException;
import java.nio.file.Path;
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
import org.lora4j.examples.Latency;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.examples.PictureSheet;
import org.lora4j.integration.datasets.SignScene;
import org.lora4j.integration.datasets.SignSet;
import org.lora4j.integration.datasets.TrafficSigns;
import org.lora4j.integration.demonstration.Outputs;
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
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Traffic signs and driving commands.
 *
 * <p>Arguments: those of {@link Example}, and how many percent of the pictures to take (100).
 */
public final class VehiclesExample {

    private static final DataFile SIGNS = new DataFile(
            "traffic-signs",
            "signs-60.zip",
            "bba6d8faf1cb9bc829c0524087350dc5e183e1c47ef307a30bbf397190bfcbe4",
            "the GitHub repository mapillary/mapillary_sprite_source, of which it is a part");

    private static final String FULL = "full fine-tuning";
    private static final String BASE = "base as it is";

    /** Pictures of each sign: many for the base, few for what it is adapted to. */
    private static final int OF_BASE = 100;

    private static final int TO_LEARN = 20;
    private static final int TO_CHOOSE = 5;
    private static final int TO_TEST = 20;

    private static final int BASE_EPOCHS = 6;
    private static final int EPOCHS = 12;
    private static final double BASE_RATE = 3e-3;
    private static final double FULL_RATE = 1e-3;
    private static final double LORA_RATE = 5e-3;
    private static final int RANK = 8;
    private static final double SHRINKAGE = 0.1;
    private static final int ROUNDS = 300;

    private static final List<SignScene> NEW = List.of(SignScene.COUNTRY, SignScene.NIGHT, SignScene.RAIN);

    private final Example example;
    private final TrafficSigns drawings;
    private final Map<SignScene, Comparison> comparisons = new EnumMap<>(SignScene.class);
    private final Comparison mixed;
    private final Map<String, Object> byDay = new LinkedHashMap<>();

    private final int percent;

    /** Set anew for each seed. */
    private long seed;

    private MultiLayerNetwork base;
    private AdaptedNetwork<MultiLayerNetwork> model;
    private Map<SignScene, SignSet> tests;
    private Map<SignScene, SignSet> choosing;
    private Map<SignScene, SignSet> learning;

    private VehiclesExample(Example example, TrafficSigns drawings) {
        this.example = example;
        this.drawings = drawings;
        this.percent = example.number(0, "vehicles.percent", 1, 100);
        this.mixed = new Comparison("signs of all four scenes", "accuracy", example.seed());
        NEW.forEach(
                scene -> comparisons.put(scene, new Comparison("signs, " + scene.word(), "accuracy", example.seed())));
    }

    /**
     * Runs the example.
     *
     * @param args as of {@link Example}, then percent
     */
    public static void main(String[] args) {
        Example.main("example-vehicles", args, VehiclesExample::run);
    }

    private static void run(Example example) throws IOException {
        Optional<Path> zip = example.data(SIGNS);
        if (zip.isPresent()) {
            new VehiclesExample(example, TrafficSigns.read(zip.get())).signs();
        }
        DrivingCommands.run(example);
    }

    private void signs() throws IOException {
        for (long each : example.seeds()) {
            prepare(each);
            for (SignScene scene : NEW) {
                adapt(scene);
            }
            requireBase();
            route();
        }
        latency();
        comparisons.values().forEach(example::table);
        example.table(mixed);
        example.figure("accuracy by day after learning something else", byDay);
        byDay.forEach((after, accuracy) -> example.say("accuracy by day, %s: %.4f", after, accuracy));
    }

    private Map<SignScene, SignSet> drawn(int each, long of) {
        Map<SignScene, SignSet> sets = new EnumMap<>(SignScene.class);
        Arrays.stream(SignScene.values()).forEach(scene -> sets.put(scene, pictures(scene, each, of)));
        return sets;
    }

    private SignSet pictures(SignScene scene, int each, long of) {
        return SignSet.of(drawings, scene, Math.max(1, each * percent / 100), of);
    }

    private void prepare(long each) {
        seed = each;
        learning = drawn(TO_LEARN, 3 * seed);
        choosing = drawn(TO_CHOOSE, 3 * seed + 1);
        tests = drawn(TO_TEST, 3 * seed + 2);
        SignSet day = pictures(SignScene.DAY, OF_BASE, -1 - seed);
        example.say("the base learns %d pictures by day", day.signs().length);
        base = fit(fresh(BASE_RATE, day, BASE_EPOCHS), day, BASE_EPOCHS, SignScene.DAY);
        model = AdaptedNetwork.of(base);
        tests.forEach(
                (scene, test) -> example.say("the base, %s: %.4f", scene.word(), SignNetwork.accuracy(base, test)));
        byDay.put(BASE + ", seed " + seed, SignNetwork.accuracy(base, tests.get(SignScene.DAY)));
    }

    private MultiLayerNetwork fit(MultiLayerNetwork network, SignSet set, int epochs, SignScene scene) {
        for (int epoch = 1; epoch <= epochs; epoch++) {
            SignNetwork.fit(network, set, seed, epoch);
            example.say(
                    "%s, all weights, epoch %d of %d: %.4f",
                    scene.word(), epoch, epochs, SignNetwork.accuracy(network, choosing.get(scene)));
        }
        return network;
    }

    private MultiLayerNetwork fresh(double rate, SignSet set, int epochs) {
        MultiLayerNetwork network = SignNetwork.create(
                drawings.signs().size(), rate, epochs * set.batches().size(), seed);
        // From here on native threads are those of the library, with which stock layers learn several times as fast.
        AdaptedNetwork.of(network);
        return network;
    }

    /** LoRA, the head alone and all weights on one scene. */
    private void adapt(SignScene scene) throws IOException {
        SignSet learn = learning.get(scene);
        SignSet test = tests.get(scene);
        Comparison comparison = comparisons.get(scene);
        float[][] vectors = SignNetwork.vectors(base, learn);
        Suitability forecast = Suitability.beforeTraining(vectors, learn.signs())
                .inputs(learn.pictures().toArray(float[][]::new))
                .quiet()
                .forecast();
        example.say("%s, before: %s", scene.word(), forecast);

        TrainingResult result = train(scene, learn);
        INDArray said = SignNetwork.said(model.network(), test);
        comparison.add(Comparison.LORA, test.hits(said.argMax(1).toIntVector()));
        comparison.add(BASE, SignNetwork.hits(base, test));
        SignSet choose = choosing.get(scene);
        LogisticRegression head =
                LogisticRegression.fit(vectors, words(learn), SignNetwork.vectors(base, choose), words(choose));
        comparison.add("head alone", Comparison.hits(words(test), head.predict(SignNetwork.vectors(base, test))));
        MultiLayerNetwork full = fresh(FULL_RATE, learn, EPOCHS);
        full.setParams(base.params().dup());
        fit(full, learn, EPOCHS, scene);
        comparison.add(FULL, SignNetwork.hits(full, test));

        SignSet day = tests.get(SignScene.DAY);
        byDay.put(FULL + ", " + scene.word() + ", seed " + seed, SignNetwork.accuracy(full, day));
        byDay.put("adapter left on, " + scene.word() + ", seed " + seed, SignNetwork.accuracy(model.network(), day));
        example.say("%s: %s", scene.word(), comparison.verdict());
        Receipt receipt = model.adapter(scene.word()).receipt().orElseThrow();
        example.receipt(scene.word(), receipt);
        model.adapter(scene.word()).save(example.folder().resolve(scene.word()));
        example.page(
                scene.word(),
                TrainingReport.of(result)
                        .withTitle("Traffic signs, " + scene.word())
                        .with(PredictedLabels.of(
                                drawings.signs(),
                                test.signs(),
                                said.castTo(DataType.DOUBLE).toDoubleMatrix()))
                        .with(model.parameterSummary())
                        .with(comparison.advice(""))
                        .with(forecast)
                        .with(receipt));
    }

    private TrainingResult train(SignScene scene, SignSet learn) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(SignNetwork.LAYERS)
                .modulesToSave(SignNetwork.HEAD)
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
                        "accuracy", () -> SignNetwork.accuracy(model.network(), choosing.get(scene))))
                .listener(example.progress(scene.word() + ", adapter"))
                .build()
                .train(Batches.shuffled(learn.named()));
        model.setTrainable(scene.word(), false);
        return result;
    }

    private List<String> words(SignSet set) {
        return Arrays.stream(set.signs()).mapToObj(drawings.signs()::get).toList();
    }

    /** With adapters off, everything is as it was, to the bit. */
    private void requireBase() {
        SignSet day = tests.get(SignScene.DAY);
        INDArray before = SignNetwork.said(base, day);
        model.disable();
        if (!Outputs.sameBits(before, SignNetwork.said(model.network(), day))) {
            throw new IllegalStateException(
                    "with adapters off, the network differs from its base; expected the same bits");
        }
        model.enable();
        example.say("adapters off: all probabilities of %d pictures are as before, to the bit", day.signs().length);
        example.figure("base with adapters off", "the same bits");
    }

    /** A router chooses the adapter of each picture. */
    private void route() throws IOException {
        TaskRouter router = TaskRouter.mahalanobis(SHRINKAGE);
        for (SignScene scene : SignScene.values()) {
            SignSet set = learning.get(scene);
            router = router.with(adapter(scene), SignNetwork.looks(base, set), set.signs());
        }
        router.save(example.folder().resolve("router.safetensors"));
        PictureSheet sheet = new PictureSheet();
        Map<String, Object> figures = new LinkedHashMap<>();
        for (SignScene scene : SignScene.values()) {
            SignSet test = tests.get(scene);
            List<String> routes = router.route(SignNetwork.looks(base, test)).stream()
                    .map(Route::task)
                    .toList();
            int[] said = said(test, routes);
            List<String> known = routes.stream().map(route -> adapter(scene)).toList();
            mixed.add(Comparison.LORA, test.hits(said));
            mixed.add("LoRA, scene known", test.hits(said(test, known)));
            mixed.add(BASE, SignNetwork.hits(base, test));
            double right = Comparison.share(known, routes);
            example.say("router, %s: %.4f to the right adapter", scene.word(), right);
            figures.put(scene.word(), right);
            show(sheet, scene, test, said);
        }
        example.figure("share sent to the right adapter, seed " + seed, figures);
        sheet.save(example.folder().resolve("signs.png"));
        example.say(
                "pictures of each scene, then the wrong ones, each with the drawings of what it is and of what was said: signs.png");
    }

    /** The most probable sign of each picture, by the adapter that is named for it. */
    private int[] said(SignSet set, List<String> adapters) {
        return model.output(List.of(set.features()), adapters).get(0).argMax(1).toIntVector();
    }

    private static String adapter(SignScene scene) {
        return scene == SignScene.DAY ? AdaptedNetwork.BASE : scene.word();
    }

    private void show(PictureSheet sheet, SignScene scene, SignSet test, int... said) {
        sheet.row();
        test.pictures().subList(0, PictureSheet.COLUMNS).forEach(picture -> sheet.add(SignScene.SIDE, picture));
        sheet.row();
        for (int i = 0; i < said.length; i++) {
            if (said[i] != test.signs()[i]) {
                sheet.add(SignScene.SIDE, test.pictures().get(i));
                sheet.add(drawings.drawing(scene.design(), test.signs()[i]));
                sheet.add(drawings.drawing(scene.design(), said[i]));
            }
        }
    }

    /** What one picture takes. */
    private void latency() {
        INDArray one = learning.get(SignScene.NIGHT)
                .batches()
                .get(0)
                .getFeatures()
                .get(NDArrayIndex.interval(0, 1))
                .dup();
        model.activate(adapter(SignScene.NIGHT));
        MultiLayerNetwork adapted = model.network();
        MultiLayerNetwork merged = model.mergeAndUnload();
        Map<String, Runnable> networks = new LinkedHashMap<>();
        networks.put("base", () -> base.output(one));
        networks.put("with an adapter", () -> adapted.output(one));
        networks.put("adapter merged", () -> merged.output(one));
        Map<String, Double> medians = Latency.medians(networks, ROUNDS);
        example.figure("milliseconds of one picture, median", medians);
        example.say("one picture, median of %d, ms: %s", ROUNDS, medians);
    }
}
