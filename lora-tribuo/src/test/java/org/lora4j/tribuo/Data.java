/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.SplittableRandom;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Small data sets over {@link Bases#FEATURES}. */
public final class Data {

    private Data() {}

    public static Example<Label> example(String label, double... values) {
        return new ArrayExample<>(new Label(label), Bases.FEATURES.toArray(new String[0]), values);
    }

    @SafeVarargs
    public static MutableDataset<Label> of(Example<Label>... examples) {
        LabelFactory factory = new LabelFactory();
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance("test", factory), factory);
        for (Example<Label> example : examples) {
            data.add(example);
        }
        return data;
    }

    /** Points around a corner for each label. */
    public static MutableDataset<Label> corners(int each, long seed, String... labels) {
        SplittableRandom random = new SplittableRandom(seed);
        MutableDataset<Label> data = of();
        for (int i = 0; i < each; i++) {
            for (String label : labels) {
                int corner = label.charAt(0) - 'a';
                double[] values = new double[4];
                for (int j = 0; j < 4; j++) {
                    values[j] = (((corner >> j) & 1) == 0 ? 1 : -1) + 0.3 * random.nextGaussian();
                }
                data.add(example(label, values));
            }
        }
        return data;
    }
}
