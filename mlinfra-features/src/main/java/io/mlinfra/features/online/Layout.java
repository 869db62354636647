package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where the features of vectors stand. Immutable. */
final class Layout {
  private final List<String> names;
  private final Map<String, Integer> places = new HashMap<>();

  /** Per feature the view that it comes from, -1 for what is derived. */
  private final int[] views;

  /** Per view the places of its features in the view itself. */
  private final List<int[]> sources = new ArrayList<>();

  private Layout(List<String> names) {
    this.names = names;
    this.views = new int[names.size()];
    for (int i = 0; i < names.size(); i++) {
      places.put(names.get(i), i);
      views[i] = -1;
    }
  }

  static Layout of(FeatureView view) {
    return new Layout(view.features().stream().map(Feature::name).toList())
        .with(view, view.features());
  }

  static Layout of(FeatureService service) {
    Layout layout = new Layout(service.names());
    service.views().forEach(view -> layout.with(view, service.features(view)));
    return layout;
  }

  private Layout with(FeatureView view, List<Feature> taken) {
    for (Feature feature : taken) {
      views[index(feature.name())] = sources.size();
    }
    sources.add(taken.stream().mapToInt(view.features()::indexOf).toArray());
    return this;
  }

  List<String> names() {
    return names;
  }

  int view(int place) {
    return views[place];
  }

  /** Of which of its view's features the values come, in order. */
  int[] sources(int view) {
    return sources.get(view);
  }

  int index(String feature) {
    Integer place = places.get(feature);
    if (place == null) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN, "there is no feature '" + feature + "'; there are " + names);
    }
    return place;
  }
}
