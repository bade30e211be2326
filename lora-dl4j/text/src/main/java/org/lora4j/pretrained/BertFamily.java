/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The kinds of BERT that Hugging Face's model classes tell apart: the one table of what differs between them. */
enum BertFamily {
    /** PositionIds from 0; the classifier is one linear module over the pooler. */
    BERT("bert.", OptionalInt.empty(), List.of("bert")),
    /** PositionIds behind the padding id; the classifier has a hidden layer of its own, over the first token. */
    ROBERTA("roberta.", OptionalInt.of(1), List.of("roberta", "xlm-roberta", "camembert"));

    private final String prefix;
    private final OptionalInt defaultPadding;
    private final List<String> modelTypes;

    BertFamily(String prefix, OptionalInt defaultPadding, List<String> modelTypes) {
        this.prefix = prefix;
        this.defaultPadding = defaultPadding;
        this.modelTypes = modelTypes;
    }

    /** The family of a {@code model_type}. */
    static Optional<BertFamily> of(String modelType) {
        return Arrays.stream(values())
                .filter(family -> family.modelTypes.contains(modelType))
                .findFirst();
    }

    /** Every {@code model_type} that can be read. */
    static List<String> allModelTypes() {
        return Arrays.stream(values())
                .flatMap(family -> family.modelTypes.stream())
                .toList();
    }

    /** What models with a head put before the path of an encoder's module. */
    String prefix() {
        return prefix;
    }

    /** Whether positions depend on the padding id, so that a config's has to be read. */
    boolean countsFromPadding() {
        return defaultPadding.isPresent();
    }

    /** The positions, given the padding id of a config, if it names one. */
    PositionIds positions(OptionalInt paddingId) {
        return defaultPadding.isEmpty()
                ? PositionIds.FROM_ZERO
                : new PositionIds(paddingId.isPresent() ? paddingId : defaultPadding);
    }

    /** How a classifier gets from hidden states to the input of its head. */
    Pooling classifierPooling() {
        return this == BERT ? Pooling.POOLER : Pooling.CLS;
    }

    /** The tensors of a classifier's head. */
    List<BertTensor> headTensors(int hidden, int classes) {
        return ClassifierHead.tensors(this == ROBERTA, hidden, classes);
    }

    /** Name of the tensor with a row per class. */
    String classRows() {
        return headTensors(1, 1).stream()
                .map(BertTensor::name)
                .filter(name -> name.endsWith(".weight"))
                .reduce((first, last) -> last)
                .orElseThrow();
    }
}
