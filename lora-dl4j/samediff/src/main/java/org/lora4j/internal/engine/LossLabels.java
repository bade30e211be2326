/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.internal.engine.autodiff.rules.LossOp;
import org.lora4j.internal.engine.autodiff.rules.LossOp.Labels;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the losses of a graph compare with what: told in the words of the data, before an op fails on two shapes, as labels are
 * the input that fits a model least often.
 */
final class LossLabels {

    private final SameDiff graph;
    private final List<Comparison> comparisons = new ArrayList<>();

    private record Comparison(String loss, Labels kind, String predictions, String labels, String placeholder) {

        boolean sparse() {
            return kind == Labels.CLASS_NUMBERS;
        }
    }

    LossLabels(SameDiff graph, List<String> losses) {
        this.graph = graph;
        Set<String> needed = GraphOrder.ancestors(graph, losses);
        for (SameDiffOp op : graph.getOps().values()) {
            Labels kind = LossOp.of(op.getOp().opName()).map(LossOp::labels).orElse(Labels.OTHER);
            String loss = op.getOutputsOfOp().get(0);
            if (needed.contains(loss) && kind != Labels.OTHER) {
                boolean sparse = kind == Labels.CLASS_NUMBERS;
                List<String> inputs = GraphOrder.inputs(op);
                String predictions = inputs.get(sparse ? inputs.size() - 1 : 0);
                String labels = inputs.get(sparse ? 0 : inputs.size() - 1);
                add(new Comparison(loss, kind, predictions, labels, placeholder(labels)));
            }
        }
    }

    private void add(Comparison comparison) {
        if (comparison.placeholder() != null) {
            comparisons.add(comparison);
        }
    }

    private String placeholder(String variable) {
        SDVariable found = graph.getVariable(variable);
        if (found.getVariableType() == VariableType.PLACEHOLDER) {
            return variable;
        }
        String producer = GraphOrder.producer(graph, variable);
        SameDiffOp op = producer == null ? null : graph.getOps().get(producer);
        return op != null && (OpTraits.keepsValues(op) || op.getOp().opName().equals("onehot"))
                ? placeholder(GraphOrder.inputs(op).get(0))
                : null;
    }

    /** The variables whose shapes {@link #check} compares; empty if no loss is known. */
    Set<String> compared() {
        Set<String> names = new LinkedHashSet<>();
        comparisons.forEach(comparison -> {
            names.add(comparison.predictions());
            names.add(comparison.labels());
        });
        return names;
    }

    /** Refuses labels whose shape is not that of what the model computes. */
    void check(Map<String, long[]> shapes, Map<String, INDArray> given) {
        Problems problems = new Problems();
        for (Comparison comparison : comparisons) {
            long[] predictions = shapes.get(comparison.predictions());
            long[] labels = shapes.get(comparison.labels());
            if (predictions == null || labels == null || predictions.length == 0) {
                continue;
            }
            boolean sparse = comparison.sparse();
            long[] expected = sparse ? Arrays.copyOf(predictions, predictions.length - 1) : predictions;
            if (!Arrays.equals(labels, expected)) {
                problems.add(misfit(comparison, given.get(comparison.placeholder()), predictions, labels, expected));
            }
        }
        problems.throwIfAny("labels of the loss");
    }

    private static String misfit(
            Comparison comparison, INDArray given, long[] predictions, long[] labels, long[] expected) {
        boolean sparse = comparison.sparse();
        long outputs = predictions[predictions.length - 1];
        return "\"" + comparison.loss() + "\" compares \"" + comparison.placeholder() + "\" " + described(given)
                + (comparison.labels().equals(comparison.placeholder())
                        ? ""
                        : ", made " + Arrays.toString(labels) + ",")
                + " with \"" + comparison.predictions() + "\" " + Arrays.toString(predictions) + ", expected "
                + (sparse ? "a class number for each row, " : "") + Arrays.toString(expected) + ". "
                + (sparse
                        ? "Reshape the labels; the " + outputs + " outputs stand for classes 0 to " + (outputs - 1)
                        : advice(comparison, labels, expected));
    }

    private static String advice(Comparison comparison, long[] labels, long[] expected) {
        if (comparison.kind() != Labels.CLASSES) {
            return "Reshape the labels to what the model computes, or give the model as many outputs";
        }
        long outputs = expected.length == 0 ? 1 : expected[expected.length - 1];
        long classes = labels.length == 0 ? 1 : labels[labels.length - 1];
        if (labels.length < expected.length || classes == 1) {
            return "They look like class numbers: give a row for each with a 1 at its class, for instance"
                    + " graph.oneHot(labels, " + outputs
                    + "), or take the mean of sparseSoftmaxCrossEntropy; classes count from 0";
        }
        return classes == outputs
                ? "Give a row of labels for each row of predictions"
                : "The labels have " + classes + " classes and the head " + outputs
                        + " outputs: give the head an output for each class, or leave out what it does not know";
    }

    /** Says of labels that were refused what values they have, and what to do. */
    void explain(Map<String, INDArray> given, Problems problems) {
        for (Comparison comparison : problems.isEmpty() ? List.<Comparison>of() : comparisons) {
            INDArray labels = given.get(comparison.placeholder());
            String name = "placeholder \"" + comparison.placeholder() + "\"";
            if (labels == null || labels.isEmpty() || problems.list().stream().noneMatch(one -> one.contains(name))) {
                continue;
            }
            boolean numbers = comparison.sparse() || !comparison.labels().equals(comparison.placeholder());
            long[] expected = graph.getVariable(comparison.placeholder()).placeholderShape();
            problems.add("the labels \"" + comparison.placeholder() + "\" are " + described(labels) + ". "
                    + (numbers || expected == null
                            ? "Classes count from 0: subtract 1 if yours start at 1, else give the head an output for each"
                                    + " class, or leave out what it does not know"
                            : advice(comparison, labels.shape(), expected)));
        }
    }

    private static String described(INDArray labels) {
        return labels.dataType() + Arrays.toString(labels.shape()) + " with values from " + labels.minNumber() + " to "
                + labels.maxNumber();
    }
}
