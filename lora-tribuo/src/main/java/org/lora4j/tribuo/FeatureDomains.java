/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tribuo.CategoricalInfo;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.VariableInfo;
import org.tribuo.hash.HashedFeatureMap;

/** Feature domains of models. */
final class FeatureDomains {

    private FeatureDomains() {}

    /**
     * The domain with all features that the network can see, so that one which the training data happened not to show
     * counts in predictions. A hashed domain stays as it is: its names cannot be told.
     */
    static ImmutableFeatureMap widened(ImmutableFeatureMap domain, Collection<String> names) {
        Set<String> missing = new HashSet<>(names);
        domain.forEach(info -> missing.remove(info.getName()));
        if (missing.isEmpty() || domain instanceof HashedFeatureMap) {
            return domain;
        }
        List<VariableInfo> infos = new ArrayList<>();
        domain.forEach(infos::add);
        missing.forEach(name -> infos.add(new CategoricalInfo(name)));
        return new ImmutableFeatureMap(infos);
    }

    /**
     * The features of two domains.
     *
     * @throws IllegalArgumentException if one of them is hashed and they differ
     */
    static ImmutableFeatureMap union(ImmutableFeatureMap old, ImmutableFeatureMap added) {
        Map<String, VariableInfo> infos = new LinkedHashMap<>();
        old.forEach(info -> infos.put(info.getName(), info));
        int before = infos.size();
        added.forEach(info -> infos.putIfAbsent(info.getName(), info));
        if (infos.size() == before) {
            return old;
        }
        if (old instanceof HashedFeatureMap || added instanceof HashedFeatureMap) {
            throw new IllegalArgumentException("LoraTrainer: the model has " + before
                    + " features, the new data brings "
                    + (infos.size() - before) + " others, and one of the domains is hashed; expected the same features."
                    + " Names that are hashed cannot be joined.");
        }
        return new ImmutableFeatureMap(new ArrayList<>(infos.values()));
    }
}
