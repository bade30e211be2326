/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lora4j.error.MessageText;
import org.lora4j.exec.ExecutionParts;

/** The result of a run as plain values, and back. What is read may come from a stranger's file. */
final class ResultValues {

    /** More would make files of a million steps too large to be read. */
    static final int MOST_LOSSES = 100_000;

    private final Map<?, ?> values;
    private final String path;

    private ResultValues(Map<?, ?> values, String path) {
        this.values = values;
        this.path = path;
    }

    static Map<String, Object> of(TrainingResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("stop_reason", result.stopReason().name());
        values.put("steps", result.steps());
        List<Double> losses = result.losses();
        values.put(
                "losses",
                losses.subList(Math.max(0, losses.size() - MOST_LOSSES), losses.size()).stream()
                        .filter(Double::isFinite)
                        .toList());
        values.put("epochs", result.epochs().stream().map(ResultValues::of).toList());
        put(values, "mean_step_seconds", result.meanStepSeconds());
        put(values, "median_step_seconds", result.medianStepSeconds());
        result.bestMetric().ifPresent(metric -> put(values, "best_metric", metric));
        result.bestEpoch().ifPresent(epoch -> values.put("best_epoch", epoch));
        values.put("best_restored", result.bestRestored());
        values.put("norms", result.norms().stream().map(ResultValues::of).toList());
        values.put("without_gradient", result.withoutGradient());
        values.put("computation", of(result.computation()));
        values.put("signs", result.signs().stream().map(ResultValues::of).toList());
        put(values, "highest_rate", result.highestRate());
        values.put(
                "evaluations",
                result.evaluations().stream().map(ResultValues::of).toList());
        return values;
    }

    private static void put(Map<String, Object> values, String name, double number) {
        if (Double.isFinite(number)) {
            values.put(name, number);
        }
    }

    private static Map<String, Object> of(EpochReport epoch) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("epoch", epoch.epoch());
        values.put("steps", epoch.steps());
        put(values, "mean_loss", epoch.meanLoss());
        values.put("examples", epoch.examples());
        put(values, "seconds", epoch.seconds());
        epoch.metric().ifPresent(metric -> put(values, "metric", metric));
        put(values, "evaluation_seconds", epoch.evaluationSeconds());
        values.put("best", epoch.best());
        return values;
    }

    private static Map<String, Object> of(EvaluationReport evaluation) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("step", evaluation.step());
        values.put("epoch", evaluation.epoch());
        put(values, "metric", evaluation.metric());
        put(values, "seconds", evaluation.seconds());
        values.put("best", evaluation.best());
        return values;
    }

    private static Map<String, Object> of(ParameterNorm norm) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("name", norm.name());
        values.put("module", norm.module());
        values.put("kind", norm.kind().name());
        put(values, "start", norm.start());
        put(values, "end", norm.end());
        return values;
    }

    private static Map<String, Object> of(Computation computation) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("products", computation.products());
        values.put("most_parts", computation.mostParts());
        values.put("parts", computation.parting().count());
        values.put("parting", computation.parting().reason());
        values.put("batches", computation.batches());
        computation.productShare().ifPresent(share -> put(values, "product_share", share));
        return values;
    }

    private static Map<String, Object> of(FittingSign sign) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", sign.kind().name());
        values.put("epoch", sign.epoch());
        values.put("finding", sign.finding());
        values.put("suggestion", sign.suggestion());
        Map<String, Object> evidence = new LinkedHashMap<>();
        sign.evidence().forEach((name, number) -> put(evidence, name, number));
        values.put("evidence", evidence);
        return values;
    }

    static TrainingResult read(Map<String, ?> values) {
        ResultValues from = new ResultValues(values, "");
        ResultValues computation = from.part("computation");
        return new TrainingResult(
                from.constant("stop_reason", StopReason.class),
                from.count("steps"),
                from.list("losses", (at, value) -> number(at, value)),
                from.parts("epochs", ResultValues::epoch),
                from.numberOrNot("mean_step_seconds"),
                from.numberOrNot("median_step_seconds"),
                from.numberIfAny("best_metric"),
                from.has("best_epoch") ? OptionalInt.of(from.smallCount("best_epoch")) : OptionalInt.empty(),
                from.truth("best_restored"),
                from.parts("norms", ResultValues::norm),
                from.list("without_gradient", (at, value) -> text(at, value)),
                new Computation(
                        computation.text("products"),
                        computation.smallCount("most_parts"),
                        new ExecutionParts(computation.smallCount("parts"), computation.text("parting")),
                        computation.text("batches"),
                        computation.numberIfAny("product_share")),
                from.parts("signs", ResultValues::sign),
                from.numberOrNot("highest_rate"),
                from.parts("evaluations", ResultValues::evaluation));
    }

    static SavedFitReport report(Map<?, ?> values) {
        ResultValues from = new ResultValues(values, "");
        ResultValues data = from.part("data");
        Map<String, Long> counts = new LinkedHashMap<>();
        data.values.keySet().forEach(name -> counts.put(String.valueOf(name), data.count(String.valueOf(name))));
        return new SavedFitReport(
                from.has("training")
                        ? Optional.of(TrainingResult.of(from.part("training").named()))
                        : Optional.empty(),
                from.text("metric"),
                from.truth("higher_is_better"),
                from.numberIfAny("before"),
                from.numberIfAny("after"),
                from.has("gain") ? Optional.of(interval(from.part("gain"))) : Optional.empty(),
                from.truth("start_kept"),
                from.part("chosen").named(),
                counts,
                from.list("notes", (at, value) -> text(at, value)));
    }

    private static ScoreInterval interval(ResultValues from) {
        return new ScoreInterval(
                number(from.path + "value", from.values.get("value")),
                number(from.path + "low", from.values.get("low")),
                number(from.path + "high", from.values.get("high")));
    }

    private Map<String, Object> named() {
        Map<String, Object> named = new LinkedHashMap<>();
        values.forEach((name, value) -> named.put(String.valueOf(name), value));
        return named;
    }

    private static EpochReport epoch(ResultValues from) {
        return new EpochReport(
                from.smallCount("epoch"),
                from.count("steps"),
                from.numberOrNot("mean_loss"),
                from.count("examples"),
                from.numberOrNot("seconds"),
                from.numberIfAny("metric"),
                from.numberOrNot("evaluation_seconds"),
                from.truth("best"));
    }

    private static EvaluationReport evaluation(ResultValues from) {
        return new EvaluationReport(
                from.count("step"),
                from.smallCount("epoch"),
                from.numberOrNot("metric"),
                from.numberOrNot("seconds"),
                from.truth("best"));
    }

    private static ParameterNorm norm(ResultValues from) {
        return new ParameterNorm(
                from.text("name"),
                from.text("module"),
                from.constant("kind", TrainableParameter.Kind.class),
                from.numberOrNot("start"),
                from.numberOrNot("end"));
    }

    private static FittingSign sign(ResultValues from) {
        ResultValues evidence = from.part("evidence");
        Map<String, Double> numbers = new LinkedHashMap<>();
        evidence.values.forEach((name, value) ->
                numbers.put(String.valueOf(name), number(evidence.path + MessageText.value(name), value)));
        return new FittingSign(
                from.constant("kind", FittingSign.Kind.class),
                from.smallCount("epoch"),
                from.text("finding"),
                from.text("suggestion"),
                numbers);
    }

    private boolean has(String name) {
        return values.get(name) != null;
    }

    private static IllegalArgumentException unlike(String at, Object found, String expected) {
        return new IllegalArgumentException(at + " = " + MessageText.value(found) + ", expected " + expected);
    }

    private static double number(String at, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw unlike(at, value, "a number");
    }

    private static String text(String at, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw unlike(at, value, "a text");
    }

    private String text(String name) {
        return text(path + name, values.get(name));
    }

    /** A number that was not finite was left out. */
    private double numberOrNot(String name) {
        return has(name) ? number(path + name, values.get(name)) : Double.NaN;
    }

    private OptionalDouble numberIfAny(String name) {
        return has(name) ? OptionalDouble.of(number(path + name, values.get(name))) : OptionalDouble.empty();
    }

    private long count(String name) {
        Object value = values.get(name);
        if ((value instanceof Integer || value instanceof Long) && ((Number) value).longValue() >= 0) {
            return ((Number) value).longValue();
        }
        throw unlike(path + name, value, "a whole number, 0 or above");
    }

    private int smallCount(String name) {
        long count = count(name);
        if (count > Integer.MAX_VALUE) {
            throw unlike(path + name, count, "a number of at most " + Integer.MAX_VALUE);
        }
        return (int) count;
    }

    private boolean truth(String name) {
        if (values.get(name) instanceof Boolean truth) {
            return truth;
        }
        throw unlike(path + name, values.get(name), "true or false");
    }

    private <E extends Enum<E>> E constant(String name, Class<E> of) {
        String text = text(name);
        for (E constant : of.getEnumConstants()) {
            if (constant.name().equals(text)) {
                return constant;
            }
        }
        throw unlike(path + name, text, "one of " + List.of(of.getEnumConstants()));
    }

    private ResultValues part(String name) {
        return new ResultValues(map(path + name, values.get(name)), path + name + ".");
    }

    private static Map<?, ?> map(String at, Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw unlike(at, value, "an object");
    }

    private <T> List<T> parts(String name, Function<ResultValues, T> reader) {
        return list(name, (at, value) -> reader.apply(new ResultValues(map(at, value), at + ".")));
    }

    private <T> List<T> list(String name, BiFunction<String, Object, T> reader) {
        if (!(values.get(name) instanceof List<?> list)) {
            throw unlike(path + name, values.get(name), "a list");
        }
        List<T> read = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            read.add(reader.apply(path + name + "[" + i + "]", list.get(i)));
        }
        return read;
    }
}
