/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.function.Function;
import org.lora4j.model.AdaptableModule;

/**
 * How packages of this library ask a module of a graph for its uses, which users do not see.
 *
 * @apiNote Status: internal
 */
public final class ModuleSites {

    private static volatile Function<AdaptableModule, List<Site>> answer;

    private ModuleSites() {}

    /** For the class of such modules, before there is one. */
    public static void answeredBy(Function<AdaptableModule, List<Site>> sites) {
        answer = sites;
    }

    /** The uses of a module of a SameDiff graph: one or more, all of the same form. */
    public static List<Site> of(AdaptableModule module) {
        return answer.apply(module);
    }
}
