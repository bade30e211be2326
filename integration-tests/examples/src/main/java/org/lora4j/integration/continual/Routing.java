/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.Route;
import org.lora4j.continual.TaskRouter;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.pretrained.EncoderGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Routers over the vectors of the frozen encoder: which kind is best, and how good that one is. */
final class Routing {

    private static final double ACCEPTED = 0.95;
    private static final double[] SHRINKAGES = {0.02, 0.1};

    /**
     * How good a router is.
     *
     * @param kind which one
     * @param validation share of validation texts sent to their domain
     * @param validationAuroc chance that an out-of-scope text for validation is farther than a known one
     * @param test the same of test texts
     * @param accepted share of test texts that it calls known
     * @param unknownFound share of out-of-scope texts that it calls unknown
     * @param auroc chance that an out-of-scope text is farther than a test text
     */
    record Figures(
            String kind,
            double validation,
            double validationAuroc,
            double test,
            double accepted,
            double unknownFound,
            double auroc) {

        /** What routers are chosen by. */
        double score() {
            return validation + validationAuroc;
        }
    }

    private final Intents intents;
    private final GraphExecutor encoder;
    private final Consumer<String> out;
    private final List<String> validationTasks = new ArrayList<>();
    private final List<String> testTasks = new ArrayList<>();
    private final INDArray validation;
    private final INDArray test;
    private final INDArray unknownValidation;
    private final INDArray unknownTest;
    private TaskRouter chosen;

    Routing(Clinc150 clinc, Intents intents, SameDiff whole, int validationTexts, Consumer<String> out) {
        this.intents = intents;
        this.out = out;
        this.encoder = Lora.executor(whole);
        List<String> held = new ArrayList<>();
        List<String> tests = new ArrayList<>();
        for (ContinualTask<LabeledText> task : intents.tasks()) {
            List<LabeledText> drawn =
                    LabeledText.draw(clinc.intents("val", task.name()), validationTexts, validationTexts);
            add(drawn, task.name(), held, validationTasks);
            add(task.test(), task.name(), tests, testTasks);
        }
        validation = features(held);
        test = features(tests);
        unknownValidation = features(clinc.outOfScope("val"));
        unknownTest = features(clinc.outOfScope("test"));
    }

    private static void add(List<LabeledText> texts, String task, List<String> to, List<String> tasks) {
        texts.forEach(text -> {
            to.add(text.text());
            tasks.add(task);
        });
    }

    /** What the frozen encoder makes of texts, of length 1. */
    private INDArray features(List<String> texts) {
        float[][] rows = Logits.output(encoder, EncoderGraph.POOLED, Inputs.WHOLE, intents.unlabeled(texts));
        for (float[] row : rows) {
            double sum = 0;
            for (float value : row) {
                sum += value * value;
            }
            for (int i = 0; i < row.length; i++) {
                row[i] /= (float) Math.sqrt(sum);
            }
        }
        return Nd4j.createFromArray(rows);
    }

    /** Learns every kind of router task by task, and keeps the one that is best on validation texts. */
    Figures choose() {
        Map<String, TaskRouter> euclidean = new LinkedHashMap<>();
        Map<String, TaskRouter> routers = new LinkedHashMap<>();
        euclidean.put("Euclidean", TaskRouter.euclidean());
        for (double shrinkage : SHRINKAGES) {
            euclidean.put("Mahalanobis, shrinkage " + shrinkage, TaskRouter.mahalanobis(shrinkage));
        }
        euclidean.forEach((kind, router) -> {
            routers.put(kind + ", means of tasks", router);
            routers.put(kind + ", means of intents", router);
        });
        for (ContinualTask<LabeledText> task : intents.tasks()) {
            INDArray features =
                    features(task.training().stream().map(LabeledText::text).toList());
            int[] classes = task.training().stream().mapToInt(task::label).toArray();
            routers.replaceAll((kind, router) -> kind.endsWith("tasks")
                    ? router.with(task.name(), features)
                    : router.with(task.name(), features, classes));
        }
        Figures best = null;
        for (Map.Entry<String, TaskRouter> entry : routers.entrySet()) {
            TaskRouter router = entry.getValue().calibrated(validation, ACCEPTED);
            Figures figures = figures(entry.getKey(), router);
            out.accept("router, " + figures.kind() + ": " + worded(figures));
            if (best == null || figures.score() > best.score()) {
                best = figures;
                chosen = router;
            }
        }
        return best;
    }

    static String worded(Figures f) {
        return String.format(
                Locale.ROOT,
                "domain right %.4f, known called known %.4f, out of scope called unknown %.4f, AUROC %.4f (validation: domain"
                        + " right %.4f, AUROC %.4f)",
                f.test(),
                f.accepted(),
                f.unknownFound(),
                f.auroc(),
                f.validation(),
                f.validationAuroc());
    }

    private Figures figures(String kind, TaskRouter router) {
        List<Route> held = router.route(validation);
        List<Route> known = router.route(test);
        List<Route> unknown = router.route(unknownTest);
        return new Figures(
                kind,
                right(held, validationTasks),
                auroc(held, router.route(unknownValidation)),
                right(known, testTasks),
                share(known, true),
                share(unknown, false),
                auroc(known, unknown));
    }

    private static double right(List<Route> routes, List<String> tasks) {
        int right = 0;
        for (int i = 0; i < routes.size(); i++) {
            right += routes.get(i).task().equals(tasks.get(i)) ? 1 : 0;
        }
        return (double) right / routes.size();
    }

    private static double share(List<Route> routes, boolean known) {
        return routes.stream().filter(route -> route.known() == known).count() / (double) routes.size();
    }

    private static double auroc(List<Route> known, List<Route> unknown) {
        double[] near = known.stream().mapToDouble(Route::distance).sorted().toArray();
        double sum = 0;
        for (Route route : unknown) {
            int place = Arrays.binarySearch(near, route.distance());
            sum += place >= 0 ? place + 0.5 : -place - 1;
        }
        return sum / near.length / unknown.size();
    }

    /** The routes of all test texts, task by task in their order. */
    List<Route> testRoutes() {
        return chosen.route(test);
    }

    TaskRouter router() {
        return chosen;
    }
}
