/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one value that a template may change: variables that loops can set for what is outside of them. */
final class Namespace {

    final Map<String, Object> variables = new LinkedHashMap<>();
}
