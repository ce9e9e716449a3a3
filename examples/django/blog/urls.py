from django.urls import path

from . import views

app_name = "blog"
urlpatterns = [
    path("", views.post_list, name="posts"),
    path("posts/<slug:slug>/", views.post_detail, name="post"),
    path("categories/<slug:slug>/", views.category, name="category"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
]
