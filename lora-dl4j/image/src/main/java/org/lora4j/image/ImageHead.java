/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.util.List;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.HeadKind;
import org.lora4j.internal.text.HeadTask;
import org.lora4j.text.Targets;
import org.lora4j.text.TaskExporter;

/** Labels as those see them who train and store heads. */
record ImageHead(Targets<Image, LabeledImage, ?> targets) implements HeadTask {

    @Override
    public HeadKind kind() {
        return targets.head() == TaskExporter.Head.SEVERAL_CLASSES ? HeadKind.ANY_CLASSES : HeadKind.ONE_CLASS;
    }

    @Override
    public int outputs() {
        return targets.names().size();
    }

    @Override
    public String metric() {
        return targets.metric();
    }

    @Override
    public String inWords(float[] target, float[] numbers) {
        return targets.inWords(target, numbers);
    }

    @Override
    public double score(List<EncodedText> examples, float[][] logits) {
        return targets.score(examples.stream().map(EncodedText::target).toList(), logits);
    }
}
